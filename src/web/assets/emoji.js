// Emoji by word. What is looked for may be typed in any of the three languages, with or without accents.
"use strict";
(() => {
  const by = (id) => document.getElementById(id);
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const words = (text) => fold(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  let all = null;
  async function list() {
    if (all) return all;
    const answer = await fetch(by("emoji").dataset.from);
    if (!answer.ok) return [];
    const place = { es: 2, pt: 3 }[document.documentElement.lang] ?? 1;
    all = (await answer.text()).trim().split("\n").map((line) => {
      const parts = line.split("|");
      return { sign: parts[0], name: parts[place].split(",")[0], words: words(parts.slice(1).join(" ")) };
    });
    return all;
  }
  const grid = () => by("emoji-grid");
  const find = () => by("emoji-find");

  // Every word that was typed begins one of an emoji's words.
  async function draw() {
    const every = await list();
    const typed = words(find().value);
    const found = every.filter((one) => typed.every((word) => one.words.some((own) => own.startsWith(word))));
    grid().replaceChildren(...found.map(({ sign, name }, at) => {
      const one = document.createElement("button");
      one.type = "button"; one.textContent = sign; one.title = name; one.ariaLabel = name; one.tabIndex = at ? -1 : 0;
      return one;
    }));
    by("emoji-said").textContent = found.length ? "" : by("emoji").dataset.none;
  }
  function show(open) {
    by("emoji").hidden = !open;
    by("emoji-open").setAttribute("aria-expanded", String(open));
    if (!open) return;
    find().value = "";
    draw().catch(() => {});
    find().focus();
  }
  function pick(button) {
    document.dispatchEvent(new CustomEvent("put", { detail: button.textContent }));
    show(false);
  }
  function walk(e) {
    const every = [...grid().children], at = every.indexOf(e.target);
    const row = getComputedStyle(grid()).gridTemplateColumns.split(" ").length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row }[e.key];
    if (!step) return;
    e.preventDefault();
    if (at + step < 0) return find().focus();
    const to = every[Math.min(every.length - 1, at + step)];
    e.target.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }

  document.addEventListener("click", (e) => {
    const box = by("emoji");
    if (!box) return;
    if (e.target.closest("#emoji-open")) { e.preventDefault(); return show(box.hidden); }
    const button = e.target.closest("#emoji-grid button");
    if (button) { e.preventDefault(); pick(button); }
  });
  document.addEventListener("input", (e) => { if (e.target === find()) draw().catch(() => {}); });
  document.addEventListener("keydown", (e) => {
    if (e.isComposing || !by("emoji")?.contains(e.target)) return;
    if (e.key === "Escape") { e.preventDefault(); show(false); by("emoji-open").focus(); return; }
    if (e.target !== find()) return walk(e);
    const first = grid().firstElementChild;
    // The field stands within the answer's form, which it must not send.
    if (e.key === "Enter") { e.preventDefault(); if (first) pick(first); }
    if (e.key === "ArrowDown" && first) { e.preventDefault(); first.focus(); }
  }, true);
})();
