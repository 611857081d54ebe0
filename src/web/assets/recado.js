// Everything works without this file. It keeps pages fresh, and saves clicks.
"use strict";
(() => {
  const live = () => [...document.querySelectorAll("[data-live][id]")];
  const wants = (change) => (el) => change.kind === "all" || el.dataset.live.split(" ").some((w) => w === change.kind || w === `${change.kind}:${change.id}`);
  // A page that answers a form has another address to come back to; a region may have a shorter way than its page.
  const here = () => document.querySelector("[data-here]")?.dataset.here ?? location.href;
  const way = (el) => el.dataset.from ?? here();

  const due = new Set();
  let last = 0, timer = null, busy = false;
  const soon = (regions) => {
    // What is counted in the title and sounds goes on where nobody looks; the rest waits until somebody does.
    for (const el of regions) if (!document.hidden || "always" in el.dataset) due.add(way(el));
    if (timer || !due.size) return;
    timer = setTimeout(refresh, Math.max(0, last + 1000 - Date.now()));
  };
  async function refresh() {
    timer = null;
    if (busy) return soon([]);
    busy = true;
    last = Date.now();
    // The whole page has every region.
    const ways = due.has(here()) ? [here()] : [...due];
    due.clear();
    for (const from of ways) {
      try {
        const answer = await fetch(from, { headers: { "x-live": "1" }, redirect: "error" });
        if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } catch { /* The next change tries again. */ }
    }
    busy = false;
    if (due.size) soon([]);
  }
  // Only what differs is exchanged: a film goes on playing, a picture is not loaded again.
  function merge(old, now) {
    const olds = [...old.childNodes], news = [...now.childNodes];
    news.forEach((node, at) => {
      if (!olds[at]) old.append(node);
      else if (!olds[at].isEqualNode(node)) olds[at].replaceWith(node);
    });
    olds.slice(news.length).forEach((node) => node.remove());
  }
  const seen = new WeakMap(live().map((el) => [el, el.innerHTML]));
  function swap(fresh) {
    for (const old of live()) {
      const now = fresh.getElementById(old.id);
      if (!now || now.innerHTML === (seen.get(old) ?? old.innerHTML)) continue;
      // What the region says of itself (its state) is part of what changed.
      for (const { name, value } of now.attributes) old.setAttribute(name, value);
      const focus = old.contains(document.activeElement) ? document.activeElement : null;
      // Nobody loses what they are typing, ticking or about to confirm.
      if (focus && /^(INPUT|TEXTAREA|SELECT)$/.test(focus.tagName)) continue;
      if (old.querySelector("details[open]:not([data-kept]), input:checked")) continue;
      const id = focus?.id;
      seen.set(old, now.innerHTML);
      // What somebody has unfolded to read stays before their eyes.
      for (const { id: open } of old.querySelectorAll("details[data-kept][open]")) fresh.getElementById(open)?.setAttribute("open", "");
      old.dispatchEvent(new CustomEvent("swapping", { bubbles: true }));
      merge(old, now);
      if (id) document.getElementById(id)?.focus();
      old.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
    }
  }
  // Another script has this page anew.
  document.addEventListener("anew", (e) => swap(e.detail));
  if (live().length && window.EventSource) {
    const source = new EventSource("/events");
    source.addEventListener("change", (e) => soon(live().filter(wants(JSON.parse(e.data)))));
    source.addEventListener("open", () => soon(live()));
    document.addEventListener("visibilitychange", () => soon(live()));
    setInterval(() => soon(live()), 20000);
    addEventListener("pagehide", () => source.close());
  }

  // What comes in is counted in the title and sounds, whichever page is open. --------------------------------------
  const title = document.title;
  const news = () => document.querySelector("#news [data-newest]")?.dataset;
  let newest = Number(news()?.newest ?? 0), audio = null;
  // Browsers let a page sound only after a key or a click.
  const wake = () => { audio ??= new AudioContext(); audio.resume(); };
  if (news() && "sound" in news()) for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, wake, { once: true });
  const chime = () => {
    if (!audio || audio.state !== "running") return;
    [660, 880].forEach((pitch, i) => {
      const tone = audio.createOscillator(), loud = audio.createGain(), at = audio.currentTime + i * 0.14;
      tone.frequency.value = pitch;
      loud.gain.setValueAtTime(0.0001, at);
      loud.gain.exponentialRampToValueAtTime(0.15, at + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.3);
      tone.connect(loud).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.32);
    });
    document.body.dataset.sounded = String(Number(document.body.dataset.sounded ?? 0) + 1);
  };
  const arrived = () => {
    if (!news()) return;
    const { unread, newest: last } = news();
    document.title = Number(unread) > 0 ? `(${unread}) ${title}` : title;
    if (Number(last) > newest) { newest = Number(last); if ("sound" in news()) chime(); }
  };
  arrived();
  document.addEventListener("swapped", (e) => { if (e.target.id === "news") arrived(); });

  const wall = () => document.querySelector("[data-bottom]");
  // On a phone the page scrolls instead, and the field to answer in lies over its end.
  const hidden = () => {
    const field = document.getElementById("foot"), last = wall().lastElementChild;
    if (!last || !field || getComputedStyle(field).position !== "sticky") return 0;
    return Math.max(0, last.getBoundingClientRect().bottom + 8 - (innerHeight - field.offsetHeight));
  };
  // Whoever reads at the end stays there when a picture has loaded or the thread has become smaller.
  let follows = false, from = 0;
  const place = () => wall().scrollTop + scrollY;
  const down = () => {
    if (!wall()) return;
    wall().scrollTop = wall().scrollHeight;
    scrollBy(0, hidden());
    follows = true;
    from = place();
  };
  document.addEventListener("scroll", () => {
    if (!wall()) return;
    const left = wall().scrollHeight - wall().scrollTop - wall().clientHeight + hidden();
    if (left < 40) follows = true; else if (place() < from) follows = false;
    from = place();
  }, true);
  const stay = () => { if (follows) down(); };
  document.addEventListener("load", (e) => { if (e.target.closest?.("[data-bottom]")) stay(); }, true);
  if (!location.hash) down();
  if (wall()) new ResizeObserver(stay).observe(wall());
  document.addEventListener("swapped", (e) => { if (e.target.matches("[data-bottom]")) down(); });

  document.addEventListener("change", (e) => {
    const el = e.target;
    if (el.matches("[data-all]")) {
      for (const box of el.closest("form").querySelectorAll("input[type=checkbox]:not([data-all])")) box.checked = el.checked;
    }
    if (el.matches("[data-submit]")) el.form.requestSubmit();
  });
  document.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && e.target.matches("textarea")) e.target.form.requestSubmit();
    if (e.key === "Escape") for (const open of document.querySelectorAll("details.confirm[open]")) { open.open = false; open.querySelector("summary").focus(); }
  });
  document.addEventListener("click", (e) => {
    for (const open of document.querySelectorAll("details.confirm[open]")) if (!open.contains(e.target)) open.open = false;
  });
  // A form goes out once, however often it is pressed.
  document.addEventListener("submit", (e) => {
    if (e.target.method !== "post") return;
    if (e.target.dataset.sent) return e.preventDefault();
    e.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

  const number = document.querySelector("[data-number]");
  if (number) {
    const out = document.getElementById(number.dataset.number);
    let waiting;
    const ask = () => {
      clearTimeout(waiting);
      waiting = setTimeout(async () => {
        const query = new URLSearchParams({ to: number.value, sender: number.form.elements.sender?.value ?? "" });
        try { const answer = await fetch(`/send/number?${query}`); if (answer.ok) out.textContent = await answer.text(); } catch { /* Told when sent. */ }
      }, 300);
    };
    number.addEventListener("input", ask);
    number.form.elements.sender?.addEventListener("change", ask);
  }

  // Files can be dropped on what takes them.
  for (const drop of document.querySelectorAll("[data-drop]")) {
    const input = drop.querySelector("input[type=file]");
    drop.querySelector("[data-drop-words]").hidden = false;
    const name = () => { drop.querySelector("[data-drop-name]").textContent = [...input.files].map((f) => f.name).join(", "); };
    input.addEventListener("change", name);
    for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (e) => { e.preventDefault(); drop.classList.add("over"); });
    for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, (e) => { e.preventDefault(); drop.classList.remove("over"); });
    drop.addEventListener("drop", (e) => { if (e.dataTransfer.files.length) { input.files = e.dataTransfer.files; name(); } });
  }

  // What is chosen shows in the preview at once, and is kept.
  const draft = document.querySelector("form[data-draft]");
  if (draft) {
    let asked = 0;
    const show = async () => {
      const mine = ++asked;
      try {
        const answer = await fetch(draft.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(draft)) });
        if (!answer.ok || mine !== asked) return;
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
        if (fresh) document.getElementById("preview").replaceChildren(...fresh.childNodes);
      } catch { /* It is kept with the next button. */ }
    };
    draft.addEventListener("change", (e) => { if (!e.target.matches("[data-submit]")) show(); });
    const own = () => {
      for (const place of draft.querySelectorAll("[data-test=place]")) {
        const source = place.querySelector("select");
        place.querySelector(".own").hidden = source.value !== "=";
        for (const of of place.querySelectorAll(".of-column")) of.hidden = source.value === "=";
        place.classList.toggle("open", source.value === "");
        if (source.value !== "") place.querySelector(".tag")?.remove();
      }
    };
    own();
    draft.addEventListener("change", own);
  }
})();
