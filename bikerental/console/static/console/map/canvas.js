// The map: draws stations, bikes (close ones as one symbol) and zones, and keeps what has not changed.
"use strict";
(() => {
  const { settings, words, store, symbols } = window.city;
  const CLUSTER_ZOOM = 17;
  const element = document.getElementById("map");
  const map = L.map(element, { zoomControl: false, attributionControl: Boolean(settings.tiles), maxZoom: 19, minZoom: 2 });
  map.setView([0, 0], 2);
  element.setAttribute("role", "application");
  element.setAttribute("aria-label", words.map);
  L.control.zoom({ zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  if (settings.tiles) {
    const owner = document.createElement("span");
    owner.textContent = settings.attribution;
    L.tileLayer(settings.tiles, { attribution: owner.innerHTML, maxZoom: 19 }).addTo(map);
  }
  const zones = L.layerGroup().addTo(map);
  const graticule = L.layerGroup();
  if (!settings.tiles) graticule.addTo(map);
  const drawn = new Map();
  let clusters = null;

  const canvas = { map, onBike: null, onStation: null, onZone: null, onView: null, counts: new Map() };

  const put = (key, look, latitude, longitude, make) => {
    const known = drawn.get(key);
    if (known && known.look === look) {
      known.seen = true;
      if (!known.marker.getLatLng().equals([latitude, longitude])) known.marker.setLatLng([latitude, longitude]);
      return;
    }
    known?.marker.remove();
    const marker = make().addTo(map);
    drawn.set(key, { marker, look, seen: true });
  };
  const marker = (latitude, longitude, icon, title, act) =>
    L.marker([latitude, longitude], { icon, title, keyboard: false }).on("click", act);

  const drawBikes = () => {
    const bounds = map.getBounds().pad(0.2);
    const box = [Math.max(-180, bounds.getWest()), bounds.getSouth(), Math.min(180, bounds.getEast()), bounds.getNorth()];
    for (const feature of clusters?.getClusters(box, Math.round(map.getZoom())) ?? []) {
      const [longitude, latitude] = feature.geometry.coordinates;
      if (feature.properties.cluster) {
        const { point_count: count, cluster_id: id, out } = feature.properties;
        const key = `c${latitude.toFixed(5)},${longitude.toFixed(5)}`;
        put(key, `${count}/${out}/${id}`, latitude, longitude, () =>
          marker(latitude, longitude, symbols.cluster(count, out), symbols.nameOfCluster(count), () =>
            map.setView([latitude, longitude], Math.min(clusters.getClusterExpansionZoom(id), 19))),
        );
      } else {
        const bike = feature.properties.bike;
        put(`b${bike.number}`, `${bike.state}${bike.reports > 0}`, latitude, longitude, () =>
          marker(latitude, longitude, symbols.bike(bike), symbols.nameOfBike(bike), () => canvas.onBike(bike.number)));
      }
    }
  };
  const drawStations = (isFiltered) => {
    const bounds = map.getBounds().pad(0.2);
    for (const station of store.stations) {
      if (!bounds.contains([station.latitude, station.longitude])) continue;
      const counts = canvas.counts.get(station.id);
      const look = [counts.here, counts.available, counts.fitting, isFiltered, station.capacity, station.lends, station.takes, station.name].join();
      put(`s${station.id}`, look, station.latitude, station.longitude, () =>
        marker(station.latitude, station.longitude, symbols.station(station, counts, isFiltered),
          symbols.nameOfStation(station, counts), () => canvas.onStation(station.id)).setZIndexOffset(1000));
    }
  };

  canvas.redraw = () => {
    for (const each of drawn.values()) each.seen = false;
    drawStations(canvas.isFiltered);
    drawBikes();
    for (const [key, each] of drawn) {
      if (each.seen) continue;
      each.marker.remove();
      drawn.delete(key);
    }
    drawGraticule();
    canvas.onView?.();
  };
  // Bikes in the street alone: a station shows how many stand there.
  canvas.load = (bikes) => {
    clusters = new Supercluster({
      radius: 50, maxZoom: CLUSTER_ZOOM, map: ({ out }) => ({ out }), reduce: (sum, each) => { sum.out += each.out; },
    }).load(bikes.map((bike) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [bike.longitude, bike.latitude] },
      properties: { bike, out: bike.state === "maintenance" ? 1 : 0 },
    })));
  };
  canvas.drawZones = () => {
    zones.clearLayers();
    for (const zone of store.zones) {
      if (!zone.is_active) continue;
      const look = zone.kind === "service_area"
        ? { color: "#0b5d7a", weight: 2, fillOpacity: 0.04 }
        : { color: "#9f2418", weight: 2, dashArray: "6 4", fillOpacity: 0.12 };
      L.geoJSON(zone.shape, { style: look, interactive: false }).addTo(zones);
    }
  };
  canvas.fit = () => {
    const points = store.stations.map((each) => [each.latitude, each.longitude]);
    for (const bike of store.bikes.values()) points.push([bike.latitude, bike.longitude]);
    if (points.length) map.fitBounds(points, { padding: [20, 20], maxZoom: 15, animate: false });
  };

  // Lines of latitude and longitude, where there is no base map.
  const drawGraticule = () => {
    if (settings.tiles) return;
    graticule.clearLayers();
    const bounds = map.getBounds();
    const span = Math.max(bounds.getEast() - bounds.getWest(), 1e-6);
    const step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45].find((each) => span / each < 9) ?? 90;
    const digits = Math.max(0, Math.ceil(-Math.log10(step)));
    const line = (points, at, text) => {
      L.polyline(points, { color: "#b9c4cd", weight: 1, interactive: false }).addTo(graticule);
      const label = Object.assign(document.createElement("span"), { className: "graticule-label", textContent: text });
      L.marker(at, { icon: L.divIcon({ html: label, className: "", iconSize: null }), interactive: false, keyboard: false }).addTo(graticule);
    };
    const [south, north, west, east] = [bounds.getSouth(), bounds.getNorth(), bounds.getWest(), bounds.getEast()];
    for (let at = Math.ceil(west / step) * step; at < east; at += step) line([[south, at], [north, at]], [north, at], `${at.toFixed(digits)}°`);
    for (let at = Math.ceil(south / step) * step; at < north; at += step) line([[at, west], [at, east]], [at, west], `${at.toFixed(digits)}°`);
  };

  map.on("moveend", () => canvas.redraw());
  window.city.canvas = canvas;
})();
