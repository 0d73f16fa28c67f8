// Keeps the figures of a page up to date: asks for the page again while somebody looks at it, and puts in what changed.
(() => {
  const figures = document.querySelector("[data-refresh-seconds]");
  const lost = document.querySelector("[data-lost]");
  const period = Number(figures.dataset.refreshSeconds) * 1000;

  const refresh = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { redirect: "error", signal: AbortSignal.timeout(period) });
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const newer = page.querySelector(`[data-live="${part.dataset.live}"]`);
        // What has the focus stays in the page.
        if (newer && newer.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) {
          part.innerHTML = newer.innerHTML;
        }
      }
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  };
  setInterval(refresh, period);
  document.addEventListener("visibilitychange", refresh);
})();
