// The symbols of the map. Their looks are in map.css, because the page's policy allows no style in a text.
"use strict";
(() => {
  const { say, number } = window.city;
  const icon = (size, classes, text = "") => {
    const part = document.createElement("span");
    part.className = classes;
    if (text !== "") part.append(Object.assign(document.createElement("b"), { textContent: text }));
    return L.divIcon({ html: part, iconSize: [size, size], className: "" });
  };
  const fill = (count, capacity) => {
    if (count === 0) return 0;
    return count >= capacity ? 4 : Math.min(3, 1 + Math.floor((3 * count) / capacity));
  };

  window.city.symbols = {
    bike: (bike) => icon(24, `bike-symbol ${bike.state}${bike.reports ? " reported" : ""}`),
    cluster: (count, out) => icon(38, `cluster-symbol${out * 2 > count ? " some-out" : ""}`, number.format(count)),
    station(station, counts, isFiltered) {
      const shown = isFiltered ? counts.fitting : counts.available;
      const closed = station.lends || station.takes ? "" : " closed";
      const faint = isFiltered && counts.fitting === 0 ? " faint" : "";
      return icon(34, `station-symbol fill-${fill(counts.here, station.capacity)}${closed}${faint}`, shown);
    },
    place: () => icon(26, "place-symbol"),
    corner: () => icon(18, "corner-symbol"),
    nameOfBike: (bike) => `${bike.number}, ${window.city.words[bike.state]}`,
    nameOfCluster: (count) => window.city.say("group", { count: number.format(count) }),
    nameOfStation(station, counts) {
      if (!station.lends && !station.takes) return window.city.say("stationClosed", { name: station.name });
      return window.city.say("station", { name: station.name, free: counts.available, capacity: station.capacity });
    },
  };
})();
