// Places set by a click or by dragging, and zones drawn corner by corner. Each writes into the form beside the map.
"use strict";
(() => {
  const { canvas, symbols, words, say } = window.city;
  const { map } = canvas;
  const DIGITS = 6;
  const layer = L.layerGroup().addTo(map);
  let onClick = null;

  const stop = () => {
    layer.clearLayers();
    onClick = null;
    map.getContainer().classList.remove("drawing");
  };
  const start = (click) => {
    stop();
    onClick = click;
    map.getContainer().classList.add("drawing");
  };
  map.on("click", (event) => onClick?.(event.latlng.wrap()));

  // A bike or a station: one symbol, two fields.
  const place = (form) => {
    const [latitude, longitude] = [form.elements.latitude, form.elements.longitude];
    let symbol = null;
    const write = (at) => {
      latitude.value = at.lat.toFixed(DIGITS);
      longitude.value = at.lng.toFixed(DIGITS);
      if (form.elements.station) form.elements.station.value = "";
      show();
    };
    const show = () => {
      const at = [Number(latitude.value), Number(longitude.value)];
      if (latitude.value === "" || longitude.value === "" || at.some(Number.isNaN)) return;
      if (symbol) return symbol.setLatLng(at);
      symbol = L.marker(at, { icon: symbols.place(), draggable: true, keyboard: false, zIndexOffset: 3000 });
      symbol.on("dragend", () => write(symbol.getLatLng().wrap())).addTo(layer);
    };
    start(write);
    for (const field of [latitude, longitude]) field.addEventListener("input", show);
    show();
    if (symbol && !map.getBounds().contains(symbol.getLatLng())) map.panTo(symbol.getLatLng());
  };

  // A zone: its outer ring, as GeoJSON in the form's text. A shape with holes or several parts is changed as text.
  const zone = (form, hint) => {
    const text = form.elements.shape;
    let corners = [];
    const outline = L.polygon([], { color: "#7b1fa2", weight: 3, fillOpacity: 0.1, interactive: false });
    const markers = L.layerGroup();
    const undo = document.createElement("button");
    Object.assign(undo, { type: "button", textContent: words.undo });
    undo.addEventListener("click", () => { corners.pop(); write(); });

    const read = () => {
      let shape = null;
      try { shape = JSON.parse(text.value || "null"); } catch { return; }
      const isSimple = shape === null || (shape.type === "Polygon" && shape.coordinates?.length === 1);
      hint.textContent = isSimple ? words.zoneDraw : words.zoneText;
      undo.disabled = !isSimple;
      if (!isSimple) return stop();
      corners = shape ? shape.coordinates[0].slice(0, -1).map(([lng, lat]) => L.latLng(lat, lng)) : [];
      draw();
    };
    const write = () => {
      const ring = corners.map(({ lat, lng }) => [Number(lng.toFixed(DIGITS)), Number(lat.toFixed(DIGITS))]);
      text.value = ring.length < 3 ? "" : JSON.stringify({ type: "Polygon", coordinates: [[...ring, ring[0]]] });
      draw();
    };
    const draw = () => {
      outline.setLatLngs(corners);
      markers.clearLayers();
      corners.forEach((corner, at) => {
        const title = say.call(window.city, "corner", { number: at + 1 });
        const symbol = L.marker(corner, { icon: symbols.corner(), draggable: true, keyboard: false, title, zIndexOffset: 3000 });
        symbol.on("drag", () => { corners[at] = symbol.getLatLng(); outline.setLatLngs(corners); });
        symbol.on("dragend", write).addTo(markers);
      });
    };
    // A drawn ring takes a new corner into its nearest side; a new one goes on where it ends.
    const isNew = text.value === "";
    start((at) => {
      corners.splice(isNew ? corners.length : nearestSide(at), 0, at);
      write();
    });
    const nearestSide = (at) => {
      const points = corners.map((each) => map.latLngToLayerPoint(each));
      const point = map.latLngToLayerPoint(at);
      const far = points.map((each, index) => L.LineUtil.pointToSegmentDistance(point, each, points[(index + 1) % points.length]));
      return far.indexOf(Math.min(...far)) + 1;
    };
    outline.addTo(layer);
    markers.addTo(layer);
    form.querySelector(".buttons").append(undo);
    text.addEventListener("change", read);
    read();
    if (corners.length) map.fitBounds(outline.getBounds(), { padding: [40, 40] });
  };

  window.city.tools = {
    stop,
    isActive: () => onClick !== null,
    start(part) {
      const form = part.querySelector("form");
      const hint = part.querySelector("[data-tool-hint]");
      if (part.dataset.tool === "zone") return zone(form, hint);
      hint.textContent = part.dataset.tool === "bike" ? words.bikePlace : words.stationPlace;
      place(form);
    },
  };
})();
