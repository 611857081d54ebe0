// The composer: everything in it works without this file, by links and forms. This saves the ways between pages.
"use strict";
(() => {
  const by = (id) => document.getElementById(id);
  const form = () => document.querySelector("form[data-composer]");
  const field = () => by("answer-text");
  const tell = (words) => { const place = by("compose-said"); if (place) place.textContent = words; };
  const parse = (html) => new DOMParser().parseFromString(html, "text/html");

  // Drafts: what is not sent yet stays in this browser, for each conversation.
  const key = () => `recado.draft.${form().dataset.composer}`;
  const kept = {
    get: (name) => { try { return localStorage.getItem(name); } catch { return null; } },
    set: (name, value) => { try { if (value) localStorage.setItem(name, value); else localStorage.removeItem(name); } catch { /* Private windows keep nothing. */ } },
  };
  const draft = () => { const f = form(); if (f) kept.set(key(), JSON.stringify({ text: field().value, canned: f.elements.canned.value })); };
  const forget = () => { if (form()) kept.set(key(), ""); };
  function restore() {
    const f = form();
    if (!f || f.dataset.ready) return;
    f.dataset.ready = "1";
    f.dataset.loaded = String(performance.now());
    const begun = kept.get(key());
    if (begun && !field().value) {
      try {
        const { text, canned } = JSON.parse(begun);
        if (text) { field().value = text; f.elements.canned.value = canned || ""; tell(f.dataset.kept); }
      } catch { forget(); }
    }
    by("emoji-open").hidden = false;
    by("enter-sends-label").hidden = false;
    by("enter-sends").checked = kept.get("recado.enter") === "1";
    follow();
  }

  // The window: counted down here, said by the server.
  const span = (ms) => {
    const s = Math.floor(ms / 1000), m = Math.floor(s / 60), h = Math.floor(m / 60);
    if (s < 60) return `${s} s`;
    if (m < 60) return `${m} min`;
    return h < 6 && m % 60 ? `${h} h ${m % 60} min` : `${h} h`;
  };
  const banner = () => document.querySelector("#window [data-window]");
  const left = () => {
    const until = Number(banner()?.dataset.until || 0);
    return until ? until - Number(form().dataset.now) - (performance.now() - Number(form().dataset.loaded)) : 0;
  };
  function follow() {
    const f = form(), said = banner();
    // What a colleague overtook may be sent all the same.
    if (!f || !said || by("overtaken")) return;
    // A colleague was quicker: what was written so far is sent for the server to show both.
    if (said.dataset.window === "taken" && field().value && !field().readOnly) return;
    const opened = said.dataset.window === "open" && left() > 0;
    if (said.dataset.window === "open") said.textContent = opened ? f.dataset.counting.replace("{t}", span(left())) : f.dataset.over;
    said.className = opened ? "good" : "warn";
    if (field().readOnly === !opened) return;
    // What was typed stays where it is.
    field().readOnly = !opened;
    const button = f.querySelector("[data-test=answer]");
    if (button) button.disabled = !opened;
    file().disabled = !opened;
    tell(opened ? f.dataset.openNow : f.dataset.closedNow);
  }
  setInterval(follow, 1000);
  // Whoever has written nothing yet has seen what has come in.
  function catchUp() {
    const seen = by("seen"), lines = [...document.querySelectorAll("#thread .bubble")];
    if (seen && !field().value) seen.value = String(Math.max(Number(seen.value), ...lines.map((line) => Number(line.id.slice(1)))));
  }
  document.addEventListener("swapped", () => { restore(); follow(); catchUp(); });

  // What a form's answer brings is put into the page as the live parts are.
  function renew(fresh) {
    document.dispatchEvent(new CustomEvent("anew", { detail: fresh }));
    for (const id of ["overtaken-place", "answer-buttons"]) {
      const now = fresh.getElementById(id);
      if (now && by(id)) by(id).replaceChildren(...now.childNodes);
    }
    for (const name of ["once", "seen"]) {
      const now = fresh.querySelector(`form[data-composer] [name=${name}]`);
      if (now && form()) form().elements[name].value = now.value;
    }
  }
  function problems(fresh) {
    const now = fresh?.getElementById("answer-problems");
    by("answer-problems").replaceChildren(...(now ? now.childNodes : []));
  }
  function alarm(words, href) {
    const note = document.createElement("div");
    note.className = "note bad"; note.setAttribute("role", "alert"); note.dataset.test = "problems";
    const said = href ? Object.assign(document.createElement("a"), { href }) : note;
    said.textContent = words;
    if (href) note.append(said);
    by("answer-problems").replaceChildren(note);
  }
  const blanks = () => {
    const used = form().elements.canned.value.split(" ").filter(Boolean);
    const all = used.flatMap((id) => (document.querySelector(`[data-canned="${CSS.escape(id)}"]`)?.dataset.blanks || "").split("\n").filter(Boolean));
    return all.map((blank) => `[${blank}]`).filter((blank) => field().value.includes(blank));
  };
  function nextBlank(from) {
    const text = field().value;
    const places = blanks().map((blank) => ({ at: text.indexOf(blank, from), blank })).filter((p) => p.at >= 0).sort((a, b) => a.at - b.at);
    const found = places[0];
    if (found) { field().focus(); field().setSelectionRange(found.at, found.at + found.blank.length); }
    return Boolean(found);
  }
  let busy = false;
  async function send(f, button) {
    if (busy) return;
    // A code of which was just said that there is none was meant for us.
    if (place && slash() && !slash().hidden && !options.length) { alarm(slash().dataset.none); field().focus(); return; }
    const open = blanks();
    if (open.length) { alarm(f.dataset.fill.replace("{blank}", open[0])); nextBlank(0); return; }
    busy = true;
    f.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(f.action, { method: "POST", body: new FormData(f, button) });
      const fresh = parse(await answer.text());
      if (answer.status === 401) { alarm(fresh.querySelector("main h1, main .note")?.textContent || f.dataset.unsent, `/sign-in?next=${encodeURIComponent(location.pathname)}`); return; }
      if (!fresh.querySelector("form[data-composer]")) { alarm(fresh.querySelector("main h1, main .note")?.textContent || f.dataset.unsent); return; }
      if (answer.ok) { field().value = ""; f.elements.canned.value = ""; unquote(); forget(); takeOff(); }
      problems(fresh);
      renew(fresh);
      follow();
      field().focus();
    } catch {
      alarm(f.dataset.unsent);
    } finally {
      busy = false;
      f.removeAttribute("aria-busy");
      delete f.dataset.sent;
    }
  }
  // Files: what the provider does not take is refused before it goes up; the server looks at the bytes again.
  const file = () => by("answer-file");
  const bytes = (n) => n < 1048576 ? `${Math.max(1, Math.floor(n / 1024))} KB` : `${Math.floor(n / 104857.6) / 10} MB`;
  function check() {
    const [one] = file().files;
    attached(one);
    if (!one) return;
    const most = Object.fromEntries(file().dataset.files.split(" ").map((f) => f.split(":")));
    const limit = Number(most[one.name.split(".").pop().toLowerCase()] ?? 0);
    if (limit && one.size <= limit) { by("answer-problems").replaceChildren(); field().focus(); return; }
    const words = limit ? file().dataset.tooHeavy : file().dataset.noSuch;
    alarm(words.replace("{name}", one.name).replace("{size}", bytes(one.size)).replace("{limit}", bytes(limit)));
    takeOff();
  }
  function attached(one) { by("take-off").hidden = !one; by("attached").textContent = one?.name ?? ""; }
  function takeOff() { file().value = ""; attached(); }
  function bring(list) {
    if (!list?.length || file().disabled) return false;
    const data = new DataTransfer();
    data.items.add(list[0]);
    file().files = data.files;
    check();
    return true;
  }
  document.addEventListener("paste", (e) => { if (e.target === field() && bring(e.clipboardData?.files)) e.preventDefault(); });
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (e) => {
      if (!form() || !e.target.closest?.("form[data-composer], #thread") || !e.dataTransfer?.types.includes("Files")) return;
      e.preventDefault();
      if (kind === "drop") bring(e.dataTransfer.files);
    });
  }
  document.addEventListener("submit", (e) => {
    if (e.target.matches("form[data-composer]")) { e.preventDefault(); send(e.target, e.submitter); }
  }, true);

  // Quoting.
  function quote(link) {
    const bubble = link.closest(".bubble");
    form().elements.quote.value = link.dataset.quote;
    by("quoting").querySelector("[data-quoted]").textContent = (bubble.querySelector(".words, .media")?.textContent || "").slice(0, 160);
    by("quoting").hidden = false;
    field().focus();
  }
  function unquote() {
    form().elements.quote.value = "";
    by("quoting").hidden = true;
  }

  // Inserting at the cursor.
  function put(text, from = field().selectionStart, to = field().selectionEnd) {
    const f = field();
    f.setRangeText(text, from, to, "end");
    f.dispatchEvent(new Event("input", { bubbles: true }));
    f.focus();
  }
  function useCanned(el, from, to) {
    const start = from ?? field().selectionStart;
    const f = form().elements.canned;
    f.value = [...new Set([...f.value.split(" ").filter(Boolean), el.dataset.canned])].join(" ");
    put(el.dataset.text, from, to);
    draft();
    nextBlank(start);
  }

  // `/`: canned answers and templates by code, name or text.
  const slash = () => by("slash");
  let chosen = 0, options = [], place = null;
  function asked() {
    const f = field(), before = f.value.slice(0, f.selectionStart);
    const found = /(^|\s)\/([^\s/]*)$/.exec(before);
    return found ? { from: before.length - found[2].length - 1, to: f.selectionStart, word: found[2].toLowerCase() } : null;
  }
  function shut() {
    if (!slash()) return;
    slash().hidden = true;
    place = null;
    field()?.removeAttribute("aria-activedescendant");
  }
  // What was written meanwhile is there when the list opens.
  let asking = false;
  async function restock() {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(`/conversations/${form().dataset.composer}`, { headers: { "x-live": "1" }, redirect: "error" });
      if (!answer.ok) return;
      const fresh = parse(await answer.text());
      for (const css of ["#canned > div", "#shelf"]) {
        const now = fresh.querySelector(css);
        if (now) document.querySelector(css)?.replaceChildren(...now.childNodes);
      }
      if (!place) return;
      const was = chosen;
      offer();
      mark(was);
    } catch { /* What is known already is offered. */ } finally { asking = false; }
  }
  document.addEventListener("toggle", (e) => { if (e.target.id === "canned" && e.target.open) restock(); }, true);
  function offer() {
    const opens = !place;
    place = asked();
    if (!place) return shut();
    if (opens) restock();
    const rank = (el, name) => name.toLowerCase().startsWith(place.word) ? 0 : name.toLowerCase().includes(place.word) ? 1 : el.dataset.text.toLowerCase().includes(place.word) ? 2 : 3;
    const of = (css, name) => [...document.querySelectorAll(css)].map((el) => ({ el, name: el.dataset[name], rank: rank(el, el.dataset[name]) })).filter((o) => o.rank < 3);
    options = [...of("#canned [data-canned]", "code"), ...of("#shelf [data-template]", "name")].sort((a, b) => a.rank - b.rank).slice(0, 12);
    const box = slash();
    box.replaceChildren(...options.map((o, i) => {
      const line = document.createElement("div");
      line.id = `slash-${i}`; line.setAttribute("role", "option"); line.dataset.option = String(i); line.dataset.test = "slash-option";
      const name = document.createElement("strong"), text = document.createElement("span");
      name.textContent = o.el.dataset.canned ? `/${o.name}` : `${box.dataset.template}: ${o.name}`;
      text.textContent = o.el.dataset.text; text.className = "soft";
      line.append(name, " ", text);
      return line;
    }));
    if (!options.length) { const none = document.createElement("div"); none.className = "soft"; none.setAttribute("role", "option"); none.setAttribute("aria-disabled", "true"); none.textContent = box.dataset.none; box.replaceChildren(none); }
    box.hidden = false;
    mark(0);
  }
  function mark(i) {
    chosen = options.length ? (i + options.length) % options.length : 0;
    [...slash().children].forEach((line, n) => line.setAttribute("aria-selected", String(n === chosen)));
    const line = by(`slash-${chosen}`);
    if (!line) return field().removeAttribute("aria-activedescendant");
    field().setAttribute("aria-activedescendant", line.id);
    line.scrollIntoView({ block: "nearest" });
  }
  function take(i) {
    const option = options[i], at = place;
    shut();
    if (!option) return;
    if (option.el.dataset.canned) return useCanned(option.el, at.from, at.to);
    put("", at.from, at.to);
    gallery(`${galleryAddress()}?${new URLSearchParams({ template: option.el.dataset.template })}`);
  }

  // The gallery, in a dialog of this page.
  const galleryAddress = () => document.querySelector("[data-gallery]").getAttribute("href");
  const inGallery = (el) => el.closest?.("#gallery-dialog");
  function show(fresh) {
    const now = fresh.getElementById("gallery");
    if (!now) return false;
    const focus = document.activeElement?.id;
    document.querySelector("[data-gallery-place]").replaceChildren(now);
    if (focus && inGallery(by(focus) ?? document.body)) by(focus).focus();
    return true;
  }
  async function gallery(address) {
    try {
      const answer = await fetch(address);
      if (!answer.ok || !show(parse(await answer.text()))) throw new Error("no gallery");
      const dialog = by("gallery-dialog");
      if (!dialog.open) dialog.showModal();
      (dialog.querySelector("#gallery-form [name=value]") ?? by("gallery-chosen") ?? by("gallery-q"))?.focus();
    } catch { location.href = address; }
  }
  const filled = (f, act) => { const all = new URLSearchParams(new FormData(f)); all.set("do", act); return all; };
  let looking = null;
  async function look(f) {
    try {
      const answer = await fetch(f.getAttribute("action"), { method: "POST", body: filled(f, "look") });
      const now = answer.ok && parse(await answer.text()).getElementById("gallery-look");
      if (now) by("gallery-look")?.replaceChildren(...now.childNodes);
    } catch { /* It is told when it is sent. */ }
  }
  async function sendTemplate(f) {
    if (busy) return;
    busy = true;
    try {
      const answer = await fetch(f.getAttribute("action"), { method: "POST", body: filled(f, "send") });
      const fresh = parse(await answer.text());
      if (fresh.getElementById("gallery")) { show(fresh); return; }
      // One that was closed is followed by a new one.
      const elsewhere = fresh.querySelector("form[data-composer]")?.dataset.composer !== form()?.dataset.composer;
      if (!answer.ok || elsewhere || !fresh.getElementById("thread")) { location.href = answer.url; return; }
      by("gallery-dialog").close();
      renew(fresh);
      follow();
      tell(fresh.querySelector(".flash")?.textContent ?? "");
    } catch {
      f.insertAdjacentHTML("afterbegin", "<p class='note bad' role='alert'></p>");
      f.querySelector("[role=alert]").textContent = form()?.dataset.unsent ?? "";
    } finally { busy = false; delete f.dataset.sent; }
  }
  document.addEventListener("submit", (e) => {
    if (e.target.id !== "gallery-form" && !(e.target.method === "get" && inGallery(e.target))) return;
    if (e.target.id === "gallery-form") {
      const act = e.submitter?.value ?? "send";
      if (act === "look") { e.preventDefault(); look(e.target).finally(() => delete e.target.dataset.sent); return; }
      if (inGallery(e.target)) { e.preventDefault(); sendTemplate(e.target); }
      return;
    }
    e.preventDefault();
    gallery(`${e.target.getAttribute("action")}?${new URLSearchParams(new FormData(e.target))}`);
  }, true);

  // What another script picks (emoji) goes where the cursor is.
  document.addEventListener("put", (e) => { if (form()) put(e.detail); });

  document.addEventListener("click", (e) => {
    const el = e.target.closest?.("#take-off,[data-forget],[data-quote],[data-unquote],[data-canned],[data-option],[data-gallery],.pick-template");
    if (!el) { if (slash() && !slash().hidden && !slash().contains(e.target) && !e.target.closest?.("[data-test=answer]")) shut(); return; }
    if (el.matches("[data-gallery], .pick-template")) {
      if (e.ctrlKey || e.metaKey || !by("gallery-dialog")) return;
      e.preventDefault();
      return gallery(el.getAttribute("href"));
    }
    if (!form()) return;
    if (el.hasAttribute("data-forget")) return forget();
    e.preventDefault();
    if (el.id === "take-off") takeOff();
    else if (el.dataset.quote) quote(el);
    else if (el.hasAttribute("data-unquote")) unquote();
    else if (el.dataset.canned) { el.closest("details").open = false; useCanned(el); }
    else take(Number(el.dataset.option));
  });
  document.addEventListener("input", (e) => {
    if (e.target.id === "answer-text") { draft(); offer(); }
    const f = e.target.closest?.("#gallery-form");
    if (f) { clearTimeout(looking); looking = setTimeout(() => look(f), 300); }
    if (e.target.id === "gallery-q" && inGallery(e.target)) { clearTimeout(looking); looking = setTimeout(() => e.target.form?.requestSubmit(), 300); }
  });
  document.addEventListener("change", (e) => {
    if (e.target === file()) check();
    if (e.target.id === "enter-sends") kept.set("recado.enter", e.target.checked ? "1" : "");
    const f = e.target.closest?.("#gallery-form");
    if (f) { clearTimeout(looking); looking = setTimeout(() => look(f), 50); }
  });
  document.addEventListener("keydown", (e) => {
    if (e.isComposing || !form()) return;
    if (by("emoji")?.contains(e.target)) return;
    if (e.target === field() && place && !slash().hidden) {
      const act = { ArrowDown: () => mark(chosen + 1), ArrowUp: () => mark(chosen - 1), Escape: shut, Enter: () => take(chosen), Tab: () => take(chosen) }[e.key];
      if (act && !e.ctrlKey && !e.metaKey) { e.preventDefault(); e.stopPropagation(); act(); return; }
    }
    if (e.target === field()) {
      if (e.key === "Tab" && !e.shiftKey && nextBlank(field().selectionEnd)) e.preventDefault();
      if (e.key === "Enter" && !e.shiftKey && !e.ctrlKey && !e.metaKey && by("enter-sends").checked) { e.preventDefault(); if (!field().readOnly) form().requestSubmit(); }
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && field().readOnly) e.stopPropagation();
      if (e.key === "/" && field().readOnly && document.querySelector("[data-gallery]")) { e.preventDefault(); gallery(galleryAddress()); }
      return;
    }
    // From anywhere else in a conversation, `/` begins an answer, or opens the gallery where only a template can be sent.
    if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || e.target.closest?.("input, textarea, select, dialog")) return;
    e.preventDefault();
    if (!field().readOnly) { field().focus(); put("/"); } else if (document.querySelector("[data-gallery]")) gallery(galleryAddress());
  }, true);
  restore();
})();
