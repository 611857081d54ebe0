// The inbox: who is here, keys, the column that loads on. Every one of them is a convenience.
"use strict";
(() => {
  const inbox = document.querySelector("[data-inbox]");
  if (!inbox) return;
  const conversation = inbox.dataset.conversation ?? "";
  const csrf = document.querySelector("input[name=csrf]")?.value ?? "";
  const answer = () => document.getElementById("answer-text");
  const note = () => document.getElementById("note-text");

  // Who is here, and who types. ---------------------------------------------------------------------------------
  const told = (more) => new URLSearchParams({ csrf, ...(conversation && { conversation }), ...more });
  let typing = false, toldAt = 0, idle = null;
  const tell = (more = {}) => {
    toldAt = Date.now();
    fetch("/conversations/presence", { method: "POST", body: told(typing ? { typing: "1", ...more } : more) }).catch(() => {});
  };
  const stopTyping = () => { clearTimeout(idle); if (typing) { typing = false; tell(); } };
  document.addEventListener("input", (e) => {
    if (e.target !== answer()) return;
    clearTimeout(idle);
    if (!e.target.value) return stopTyping();
    idle = setTimeout(stopTyping, 8000);
    if (!typing || Date.now() - toldAt > 4000) { typing = true; tell(); }
  });
  // The page before this one says that it was left after this one was asked for.
  tell();
  setInterval(() => { if (!document.hidden) tell(); }, 30000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tell(); });
  addEventListener("pagehide", () => navigator.sendBeacon("/conversations/presence", told({ gone: "1" })));
  addEventListener("pageshow", (e) => { if (e.persisted) tell(); });

  // The column loads on. -------------------------------------------------------------------------------------------
  const column = () => document.getElementById("lines");
  let loading = false;
  async function more() {
    const link = column()?.querySelector("[data-more]");
    if (!link || loading) return false;
    loading = true;
    try {
      const answer = await fetch(link.dataset.more);
      if (!answer.ok) return false;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("lines");
      const list = column().querySelector("[data-lines]");
      for (const item of fresh.querySelectorAll("[data-lines] > li")) {
        if (!document.getElementById(item.querySelector("a").id)) list.append(item);
      }
      const next = fresh.querySelector("[data-more]");
      if (next) link.replaceWith(next); else link.parentElement.remove();
      return true;
    } catch { return false; } finally { loading = false; }
  }
  // What was loaded on stays when the first lines come back fresh.
  let kept = [];
  document.addEventListener("swapping", (e) => { if (e.target === column()) kept = [...e.target.querySelectorAll("[data-lines] > li")]; });
  document.addEventListener("swapped", (e) => {
    if (e.target !== column() || kept.length <= 50) return mark();
    const list = e.target.querySelector("[data-lines]");
    for (const item of kept.slice(50)) if (!document.getElementById(item.querySelector("a").id)) list.append(item);
    kept = [];
    mark();
  });
  // The lists alone do not know what is open beside them.
  const mark = () => {
    for (const link of document.querySelectorAll(".talk")) {
      if (link.id === `talk-${conversation}`) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
    }
    document.getElementById(`talk-${conversation}`)?.classList.remove("unread");
  };
  const near = () => { const c = column(); return c && c.scrollHeight - c.scrollTop - c.clientHeight < 300; };
  // Focus does not scroll by itself in every browser; the place in the column is kept from page to page.
  const place = "recado.list";
  document.addEventListener("scroll", (e) => {
    if (e.target !== column()) return;
    sessionStorage.setItem(place, JSON.stringify({ at: column().dataset.from, top: column().scrollTop }));
    if (near()) more();
  }, true);
  (async () => {
    mark();
    let was = null;
    try { was = JSON.parse(sessionStorage.getItem(place)); } catch { /* Begin at the top. */ }
    if (!was || was.at !== column()?.dataset.from) return;
    for (let i = 0; i < 20 && column().scrollHeight - column().clientHeight < was.top; i++) if (!(await more())) break;
    column().scrollTop = was.top;
  })();

  // Keys. -----------------------------------------------------------------------------------------------------------
  const sheet = document.getElementById("keys");
  const on = document.getElementById("keys-on");
  on.checked = localStorage.getItem("recado.keys") !== "off";
  on.addEventListener("change", () => localStorage.setItem("recado.keys", on.checked ? "on" : "off"));
  for (const button of document.querySelectorAll("[data-keys]")) {
    button.hidden = false;
    button.addEventListener("click", () => sheet.showModal());
  }
  const talks = () => [...document.querySelectorAll(".talk")];
  async function move(step) {
    const all = talks();
    if (!all.length) return;
    const from = all.includes(document.activeElement) ? all.indexOf(document.activeElement)
      : all.findIndex((link) => link.hasAttribute("aria-current"));
    let to = from < 0 ? (step > 0 ? 0 : all.length - 1) : from + step;
    if (to >= all.length && (await more())) return move(step);
    to = Math.min(Math.max(to, 0), talks().length - 1);
    talks()[to].focus();
    talks()[to].scrollIntoView({ block: "nearest" });
  }
  const press = (id) => { const button = document.getElementById(id); if (button && !button.disabled) button.click(); };
  const into = (field) => { if (field && !field.disabled) { const box = field.closest("details"); if (box) box.open = true; field.focus(); field.scrollIntoView({ block: "nearest" }); } };
  const keys = {
    j: () => move(1), k: () => move(-1), s: () => into(document.getElementById("find")), "/": () => into(document.getElementById("find")), r: () => into(answer()), n: () => into(note()),
    c: () => press("claim"), e: () => press("close"), "?": () => sheet.showModal(),
  };
  document.addEventListener("keydown", (e) => {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || sheet.open) return;
    const field = e.target.matches("input, textarea, select, [contenteditable]");
    if (e.key === "Escape" && field) {
      e.target.blur();
      return (document.getElementById(`talk-${conversation}`) ?? talks()[0])?.focus();
    }
    if (field) return;
    // Arrows move only within the column: elsewhere they scroll.
    if (e.target.closest(".lines") && ["ArrowDown", "ArrowUp"].includes(e.key)) {
      e.preventDefault();
      return move(e.key === "ArrowDown" ? 1 : -1);
    }
    if (!on.checked || !Object.hasOwn(keys, e.key)) return;
    e.preventDefault();
    keys[e.key]();
  });
})();
