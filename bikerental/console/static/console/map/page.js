// Puts the page together: filters, the lists beside the map, and what a click on a symbol opens.
"use strict";
(() => {
  const { settings, words, store, canvas, panel, tools, symbols, number } = window.city;
  const say = window.city.say.bind(window.city);
  const LISTED = 50;
  const filters = document.getElementById("filters");
  const [counts, bikesList, stationsList, zonesList] = ["counts", "bikes", "stations", "zones"].map((id) => document.getElementById(id));
  let isPlaced = false;
  let trouble = false;

  const chosen = () => {
    const data = new FormData(filters);
    const states = new Set(data.getAll("state"));
    return { states, model: data.get("model"), idle: Number(data.get("idle")), reported: data.has("reported") };
  };
  const fits = (bike, { states, model, idle, reported }) =>
    states.has(bike.state) && (!model || bike.model === model) && bike.idle >= idle && (!reported || bike.reports > 0);

  const row = (name, value, act) => {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.dataset.name = name;
    button.append(Object.assign(document.createElement("span"), { textContent: name }));
    button.append(Object.assign(document.createElement("span"), { className: "value", textContent: value }));
    button.addEventListener("click", act);
    const item = document.createElement("li");
    item.append(button);
    return item;
  };
  const rest = (text) => Object.assign(document.createElement("li"), { className: "rest", textContent: text });
  const bikeRow = (bike) => {
    const idle = bike.idle ? say("idle", { days: number.format(bike.idle) }) : words.idleToday;
    return row(bike.number, `${words[bike.state]}, ${idle}`, () => openBike(bike.number));
  };
  // Rows are replaced only if they differ, so that a refresh takes the focus from nobody.
  const fill = (list, rows, more) => {
    const items = more ? [...rows, rest(more)] : rows;
    const text = items.map((each) => each.textContent).join("\n");
    if (list.dataset.text === text && list.children.length === items.length) return;
    if (list.contains(document.activeElement)) return;
    list.dataset.text = text;
    list.replaceChildren(...items);
  };

  const openBike = (name) => {
    if (!tools.isActive()) panel.open(`${settings.bike}?number=${encodeURIComponent(name)}`);
  };
  const openStation = (id) => {
    if (tools.isActive()) return;
    const station = store.stations.find((each) => each.id === id);
    const part = document.createElement("section");
    part.className = "part";
    part.append(Object.assign(document.createElement("h2"), { tabIndex: -1, textContent: station.name }));
    part.append(Object.assign(document.createElement("p"), { textContent: symbols.nameOfStation(station, canvas.counts.get(id)) }));
    if (settings.may.station) {
      const change = Object.assign(document.createElement("button"), { type: "button", textContent: words.edit });
      change.dataset.part = `${settings.station}${id}/`;
      part.append(change);
    }
    part.append(Object.assign(document.createElement("h3"), { textContent: words.bikesHere }));
    const list = Object.assign(document.createElement("ul"), { className: "listing" });
    const choice = chosen();
    const here = [...store.bikes.values()].filter((bike) => bike.station === id && fits(bike, choice));
    list.append(...(here.length ? here.map(bikeRow) : [rest(words.noBikesHere)]));
    part.append(list);
    panel.tell("");
    panel.show(part);
  };

  const list = () => {
    const bounds = canvas.map.getBounds();
    const isIn = (each) => bounds.contains([each.latitude, each.longitude]);
    const bikes = canvas.fitting.filter(isIn);
    const stations = store.stations.filter(isIn);
    const text = say("shown", { bikes: number.format(bikes.length), stations: number.format(stations.length), rides: number.format(store.rides) });
    if (counts.textContent !== text) counts.textContent = text;
    const more = (all) => (all.length > LISTED ? say("more", { count: LISTED }) : "");
    const byName = new Intl.Collator(document.documentElement.lang).compare;
    const first = bikes.sort((one, other) => other.reports - one.reports || other.idle - one.idle || byName(one.number, other.number));
    fill(bikesList, first.slice(0, LISTED).map(bikeRow), bikes.length ? more(bikes) : words.none);
    stations.sort((one, other) => byName(one.name, other.name));
    const stationRow = (each) => row(each.name, `${canvas.counts.get(each.id).available} / ${each.capacity}`, () => openStation(each.id));
    fill(stationsList, stations.slice(0, LISTED).map(stationRow), stations.length ? more(stations) : words.noStations);
  };
  const listZones = () => {
    fill(zonesList, store.zones.map((zone) =>
      row(zone.name, document.querySelector(`.zone-sample.${zone.kind === "service_area" ? "area" : "forbidden"}`).parentElement.textContent,
        () => settings.may.zone && panel.open(`${settings.zone}${zone.id}/`))));
  };

  const update = () => {
    const choice = chosen();
    const all = [...store.bikes.values()];
    canvas.fitting = all.filter((bike) => fits(bike, choice));
    canvas.isFiltered = canvas.fitting.length !== all.length;
    canvas.counts = new Map(store.stations.map((each) => [each.id, { here: 0, available: 0, fitting: 0 }]));
    for (const bike of all) {
      const count = canvas.counts.get(bike.station);
      if (!count) continue;
      count.here += 1;
      if (bike.state === "available") count.available += 1;
    }
    for (const bike of canvas.fitting) {
      const count = canvas.counts.get(bike.station);
      if (count) count.fitting += 1;
    }
    canvas.load(canvas.fitting.filter((bike) => !canvas.counts.has(bike.station)));
    canvas.redraw();
  };
  const fillModels = () => {
    const select = filters.elements.model;
    const text = JSON.stringify(store.models);
    if (select.dataset.models === text) return;
    select.dataset.models = text;
    const before = select.value;
    select.replaceChildren(select.options[0], ...store.models.map(({ id, name }) => new Option(name, id)));
    select.value = store.models.some(({ id }) => id === before) ? before : "";
  };

  canvas.onBike = openBike;
  canvas.onStation = openStation;
  canvas.onView = list;
  store.onChange = () => {
    fillModels();
    canvas.drawZones();
    listZones();
    update();
    if (!isPlaced) {
      isPlaced = true;
      canvas.fit();
    }
    document.getElementById("map").dataset.ready = "yes";
  };
  store.onTrouble = (text) => {
    if (text) panel.tell(text, "warn");
    else if (trouble) panel.tell("");
    trouble = Boolean(text);
  };
  canvas.fitting = [];
  filters.addEventListener("change", update);
  filters.addEventListener("submit", (event) => event.preventDefault());
  store.start();
})();
