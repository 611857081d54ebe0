// Everything works without this file. It shows how far a file has come, and looks again while one is read.
"use strict";
(() => {
  const most = () => Number(document.querySelector("[data-most]")?.dataset.most ?? Infinity);
  const said = (drop, words) => { const name = drop.querySelector("[data-drop-name]"); if (name) name.textContent = words; };
  const bar = (form) => {
    let bar = form.querySelector("progress[data-sending]");
    if (!bar) {
      bar = document.createElement("progress");
      bar.dataset.sending = "";
      bar.max = 100;
      form.querySelector("[data-drop]").append(bar);
    }
    return bar;
  };

  // A file goes out with its progress; what the server answers is shown as if the form had gone by itself.
  document.addEventListener("submit", (e) => {
    const form = e.target, drop = form.querySelector?.("[data-drop]");
    if (!drop || e.defaultPrevented || !window.XMLHttpRequest) return;
    const file = form.querySelector("input[type=file]").files[0];
    if (!file) return;
    if (file.size > most()) {
      e.preventDefault();
      delete form.dataset.sent;
      return said(drop, drop.dataset.large ?? "");
    }
    e.preventDefault();
    const request = new XMLHttpRequest(), progress = bar(form);
    request.upload.addEventListener("progress", (p) => {
      if (!p.lengthComputable) return;
      progress.value = Math.floor((p.loaded * 100) / p.total);
      said(drop, (drop.dataset.uploading ?? "{percent} %").replace("{percent}", progress.value));
    });
    request.addEventListener("load", () => {
      if (request.status < 400 && request.responseURL) return location.assign(request.responseURL);
      // Written, not put in its place: its scripts are to run.
      document.open();
      document.write(request.responseText);
      document.close();
    });
    request.addEventListener("error", () => { delete form.dataset.sent; form.submit(); });
    request.open("POST", form.action);
    request.send(new FormData(form));
  });

  // While a file is read, its part of the page is fetched anew; when it is read, it stands there.
  setInterval(async () => {
    const waiting = document.querySelector("[data-reading]");
    if (!waiting || document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { "x-live": "1" }, redirect: "error" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const region = document.getElementById(waiting.dataset.reading), now = fresh.getElementById(waiting.dataset.reading);
      if (!region || !now) return location.reload();
      region.replaceChildren(...now.childNodes);
    } catch { /* The next look tries again. */ }
  }, 1000);
})();
