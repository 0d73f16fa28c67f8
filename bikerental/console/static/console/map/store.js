// What the server has said: bikes, stations and zones. Asks every few seconds for what has changed.
"use strict";
window.city = {
  settings: JSON.parse(document.getElementById("map-settings").textContent),
  words: JSON.parse(document.getElementById("map-words").textContent),
  say(name, values = {}) {
    return Object.entries(values).reduce((text, [key, value]) => text.replaceAll(`{${key}}`, value), this.words[name]);
  },
  number: new Intl.NumberFormat(document.documentElement.lang),
};

(() => {
  const PARTS = 100000;
  const STATES = [null, "available", "reserved", "maintenance"];
  const store = { bikes: new Map(), stations: [], models: [], zones: [], rides: 0, onChange: null, onTrouble: null };
  let mark = "";
  let tag = "";
  let wholeAt = 0;
  let asking = null;

  // A bike is known by its number: ids would be two thirds of the answer.
  const bikesOf = (columns) =>
    columns.number.map((name, at) => ({
      number: name,
      state: STATES[columns.state[at] ?? 0],
      latitude: columns.latitude[at] / PARTS,
      longitude: columns.longitude[at] / PARTS,
      model: store.models[columns.model[at]]?.id,
      station: columns.station[at] === null ? null : (store.stations[columns.station[at]]?.id ?? null),
      idle: columns.idle[at],
    }));

  const take = (answer) => {
    if (answer.places) {
      store.models = answer.places.models.map(([id, name]) => ({ id, name }));
      store.stations = answer.places.stations.map(([id, name, latitude, longitude, capacity, lends, takes]) => (
        { id, name, latitude: latitude / PARTS, longitude: longitude / PARTS, capacity, lends, takes }
      ));
    }
    if (answer.zones) store.zones = answer.zones;
    if (answer.whole) store.bikes.clear();
    for (const bike of bikesOf(answer.bikes)) {
      if (bike.state) store.bikes.set(bike.number, bike);
      else store.bikes.delete(bike.number);
    }
    const reports = answer.reports ?? {};
    for (const bike of store.bikes.values()) bike.reports = reports[bike.number] ?? 0;
    store.rides = answer.rides;
    mark = answer.mark;
  };

  const ask = async () => {
    const { settings, words } = window.city;
    const isWhole = Date.now() - wholeAt > settings.whole * 1000;
    const query = isWhole ? "" : `?since=${encodeURIComponent(mark)}`;
    try {
      const answer = await fetch(settings.data + query, {
        headers: tag && !isWhole ? { "If-None-Match": tag } : {},
        cache: "no-store",
        signal: AbortSignal.timeout(30000),
      });
      if (answer.status === 401) return store.onTrouble(words.ended);
      store.onTrouble("");
      if (answer.status === 304) return;
      if (!answer.ok) throw new Error(answer.status);
      const data = await answer.json();
      take(data);
      tag = answer.headers.get("ETag");
      if (isWhole) wholeAt = Date.now();
      store.onChange(data.whole);
    } catch {
      store.onTrouble(words.lost);
    }
  };

  // One question at a time: what is asked meanwhile waits for the next.
  store.refresh = () => {
    asking = (asking ?? Promise.resolve()).then(ask);
    return asking;
  };
  store.start = () => {
    store.refresh();
    setInterval(() => document.hidden || store.refresh(), window.city.settings.refresh * 1000);
    document.addEventListener("visibilitychange", () => document.hidden || store.refresh());
  };
  window.city.store = store;
})();
