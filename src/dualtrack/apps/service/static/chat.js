// Asks every few seconds whether something came; shows a link, or the page itself where nothing is being written.
"use strict";
(() => {
  const news = document.querySelector("[data-news]");
  if (!news) return;
  const field = document.querySelector("textarea");
  const every = 4000;
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(news.dataset.news, { headers: { accept: "application/json" }, cache: "no-store" });
      if (!answer.ok) return;
      const { state } = await answer.json();
      if (state === news.dataset.state) return;
      if (field && field.value.trim()) {
        news.hidden = false;
        document.getElementById("announce").textContent = news.textContent;
      } else {
        window.location.hash = "latest";
        window.location.reload();
      }
    } catch {
      // the network is away: the next look may find it back
    }
  };
  window.setInterval(look, every);
  const latest = document.getElementById("latest");
  if (latest && window.location.hash === "#latest") latest.scrollIntoView({ block: "center" });
})();
