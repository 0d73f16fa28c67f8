// The part beside the map: a bike's card, and forms, which the server renders. A form is sent without leaving the map.
"use strict";
(() => {
  const { words, store, tools } = window.city;
  const panel = document.getElementById("part");
  const content = document.getElementById("part-content");
  const side = document.querySelector(".city-side");
  const overview = document.getElementById("overview");
  const status = document.getElementById("status");
  let opener = null;
  let latest = 0;

  const tell = (text, level = "") => {
    status.textContent = text;
    status.className = `note ${level}`;
    status.hidden = text === "";
  };
  const show = (part) => {
    tools.stop();
    content.replaceChildren(part);
    panel.hidden = false;
    overview.hidden = true;
    if (part.dataset.tool) tools.start(part);
    part.querySelector("h2").focus({ preventScroll: true });
    reveal(part);
  };
  // The part from its heading on. Where a tool sets a place or corners, the map: on a phone not both fit.
  const reveal = (part) => {
    side.scrollTop = 0;
    if (part.dataset.tool) return document.getElementById("map").scrollIntoView({ block: "nearest" });
    const { top } = panel.getBoundingClientRect();
    if (top < 0 || top > innerHeight - 100) panel.scrollIntoView({ block: "start" });
  };
  // A refresh may have replaced the row that opened the part.
  const opened = () =>
    opener?.isConnected ? opener : overview.querySelector(`[data-name="${CSS.escape(opener?.dataset.name ?? "")}"]`);
  const close = () => {
    if (panel.hidden) return;
    tools.stop();
    content.replaceChildren();
    panel.hidden = true;
    overview.hidden = false;
    (opened() ?? document.getElementById("map")).focus({ preventScroll: true });
  };
  const partOf = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".part");
  const ask = (address, options = {}) =>
    fetch(address, { ...options, headers: { "X-Requested-With": "map" }, redirect: "error", signal: AbortSignal.timeout(30000) });

  const open = async (address) => {
    const mine = ++latest;
    if (panel.hidden) opener = document.activeElement;
    try {
      const answer = await ask(address);
      if (mine !== latest) return;
      if (answer.status === 404) return tell(words.absent, "warn");
      const part = answer.ok ? await partOf(answer) : null;
      if (!part) {
        const isJson = answer.headers.get("Content-Type")?.includes("json");
        return tell(isJson ? ((await answer.json()).text ?? words.ended) : words.ended, "bad");
      }
      tell("");
      show(part);
    } catch {
      tell(words.failed, "bad");
    }
  };

  const send = async (form) => {
    if (form.dataset.waiting) return;
    form.dataset.waiting = "yes";
    try {
      const answer = await ask(form.action, { method: "POST", body: new FormData(form) });
      if (answer.headers.get("Content-Type")?.includes("json")) {
        const { done, text } = await answer.json();
        await store.refresh();
        if (form.isConnected) close(); // unless another part was opened meanwhile
        tell(text, done ? "good" : "bad");
        return;
      }
      const part = await partOf(answer);
      if (part) show(part);
      else tell(words.ended, "bad");
    } catch {
      // The key in the form makes a second try safe.
      tell(words.failed, "bad");
    } finally {
      delete form.dataset.waiting;
    }
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-part], [data-close], [data-cancel]");
    if (!target) return;
    event.preventDefault();
    if (target.dataset.part) open(target.dataset.part);
    else close();
  });
  content.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    send(event.target);
  });
  document.getElementById("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const { action, elements } = event.target;
    open(`${action}?number=${encodeURIComponent(elements.number.value)}`);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });

  window.city.panel = { open, close, tell, show, isForm: () => content.querySelector("form") !== null };
})();
