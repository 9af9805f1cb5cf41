// Keys, the selection's sum, and the undo countdown. Every key presses something that is on the page as well.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const dialog = $("#keys"), off = $("#keys-off"), menu = $("#menu"), rows = $$("tr[data-href]");
  let at = -1, first = "";

  const stored = (name, value) => { try { if (value === undefined) return localStorage.getItem(name); localStorage.setItem(name, value); } catch { return null; } return null; };
  if (off) { off.checked = stored("keys-off") === "yes"; off.addEventListener("change", () => stored("keys-off", off.checked ? "yes" : "no")); }
  if (menu) menu.addEventListener("click", () => menu.setAttribute("aria-expanded", String($("#side").classList.toggle("open"))));

  const move = (n) => {
    if (!rows.length) return;
    rows[at]?.classList.remove("at"); rows[at]?.removeAttribute("aria-current");
    at = Math.max(0, Math.min(rows.length - 1, n));
    rows[at].classList.add("at"); rows[at].setAttribute("aria-current", "true");
    rows[at].scrollIntoView({ block: "nearest" });
  };
  if (rows.length) move(Math.max(0, rows.findIndex((row) => row.dataset.id === stored("at:" + ($("#queue")?.dataset.view ?? "")))));
  const open = (row) => { stored("at:" + ($("#queue")?.dataset.view ?? ""), row.dataset.id); location.href = row.dataset.href; };
  rows.forEach((row) => row.addEventListener("click", (event) => { if (!event.target.closest("a, input, label, button")) open(row); }));

  const press = (target) => {
    if (target.disabled) return say(target.title || $("#blocked")?.textContent || "");
    if (target.tagName === "SUMMARY") { target.parentElement.open = true; $("input:not([type=hidden]), select, textarea", target.parentElement)?.focus(); } else if (target.tagName === "INPUT") { target.focus(); target.select?.(); } else target.click();
  };
  const say = (words) => { const live = $("#live"); if (live) live.textContent = words; };

  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable], .select2-container");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { $$(".bar details[open], details.inline[open]").forEach((details) => { details.open = false; $("summary", details).focus(); }); if (typing(event.target)) event.target.blur(); return; }
    if (event.ctrlKey && event.key === "Enter" && event.target.closest("form")) { event.target.closest("form").requestSubmit(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || dialog?.open || off?.checked) return;
    const key = first + event.key;
    first = "";
    if (key === "g") { first = "g "; setTimeout(() => { first = ""; }, 1200); return; }
    const target = $$(`[data-key="${CSS.escape(key)}"]`).find((found) => found.offsetParent !== null || found.closest("#side"));
    if (key === "?") dialog?.showModal();
    else if (target) press(target);
    else if (key === "j" && rows.length) move(at + 1);
    else if (key === "k" && rows.length) move(at - 1);
    else if (key === "Enter" && at >= 0 && !event.target.closest("a, button, summary")) open(rows[at]);
    else if (key === "x" && at >= 0) $("input[type=checkbox]", rows[at])?.click();
    else if (key === "X" && rows.length) $("#pick-all")?.click();
    else return;
    event.preventDefault();
  });

  // The selection: how many, and their sums by currency (in minor steps of a millionth, so that nothing is rounded).
  const picks = $$("input[name=id]"), all = $("#pick-all"), bar = $("#selection");
  const sum = () => {
    const chosen = picks.filter((pick) => pick.checked), sums = new Map();
    chosen.filter((pick) => pick.dataset.currency).forEach((pick) => sums.set(pick.dataset.currency, (sums.get(pick.dataset.currency) ?? 0n) + BigInt(pick.dataset.micro)));
    const shown = [...sums].sort().map(([currency, micro]) => {
      const text = String(micro < 0n ? -micro : micro).padStart(7, "0"), whole = text.slice(0, -6), part = text.slice(-6).replace(/0{1,4}$/, "");
      return `${micro < 0n ? "−" : ""}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${part} ${currency}`;
    });
    if (!bar) return;
    bar.textContent = chosen.length ? [`${chosen.length} ${bar.dataset.words}`, ...shown].join(" · ") : bar.dataset.none;
    $$("[data-needs-selection]").forEach((button) => { button.disabled = !chosen.length; });
    if (all) { all.checked = chosen.length > 0 && chosen.length === picks.length; all.indeterminate = chosen.length > 0 && chosen.length < picks.length; }
  };
  picks.forEach((pick) => pick.addEventListener("change", sum));
  all?.addEventListener("change", () => { picks.forEach((pick) => { pick.checked = all.checked; }); sum(); });
  sum();

  // A form is sent once; a filter is sent when it is chosen.
  $$("form[data-once]").forEach((form) => form.addEventListener("submit", (event) => { if (form.dataset.sent) event.preventDefault(); form.dataset.sent = "yes"; }));
  window.addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => { delete form.dataset.sent; }));
  $$("select[data-submit]").forEach((select) => select.addEventListener("change", () => select.form.requestSubmit()));

  // A fix that lies on this page opens its sheet at its field; the field to correct shows the value that stands.
  $$("select[data-values]").forEach((select) => {
    const show = () => { select.form.elements.value.value = select.selectedOptions[0]?.dataset.value ?? ""; };
    select.addEventListener("change", show); show();
  });
  const choose = (select, place) => {
    const option = select && [...select.options].find((found) => found.value === place);
    if (option) { option.selected = true; select.dispatchEvent(new Event("change")); select.form.elements.value.select(); }
  };
  $$('a[href^="#"]').forEach((link) => link.addEventListener("click", (event) => {
    const sheet = $(link.getAttribute("href")), summary = sheet && $("summary", sheet);
    if (summary) { event.preventDefault(); press(summary); choose($("select[data-values]", sheet), link.dataset.place); }
  }));

  // A form that was opened to put something right begins at what is left to fill in.
  window.addEventListener("load", () => setTimeout(() => { // after the pickers are made
    if (!new URLSearchParams(location.search).has("next")) return;
    const left = $$("#content form label.required").map((label) => label.control).find((control) => control && !control.disabled && !control.value);
    (left?.parentElement.querySelector(".select2-selection") ?? left)?.focus();
  }));

  // The admin's pickers say what they pick.
  new MutationObserver(() => $$(".select2-selection:not([aria-label]), .select2-selection__rendered:not([aria-label])").forEach((part) => {
    const select = part.closest(".select2")?.previousElementSibling;
    part.setAttribute("aria-label", (select?.labels?.[0]?.textContent ?? "").replace(":", "").trim());
  })).observe(document.body, { childList: true, subtree: true });

  // Only one sheet of the bar is open at a time.
  const sheets = $$(".bar details");
  sheets.forEach((details) => details.addEventListener("toggle", () => { if (details.open) sheets.forEach((other) => { if (other !== details) other.open = false; }); }));

  // What is under way is asked for again and again; once it has ended, the whole page is.
  const live = $("[data-refresh]"), again = async () => {
    try {
      const fresh = $("[data-refresh]", new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html"));
      if (!fresh) { location.reload(); return; }
      live.replaceChildren(...fresh.childNodes);
    } catch { /* the next turn may reach it */ }
    setTimeout(again, live.dataset.refresh * 1000);
  };
  if (live) setTimeout(again, live.dataset.refresh * 1000);

  const clocks = $$("time[data-until]");
  const tick = () => clocks.forEach((clock) => {
    const left = Math.max(0, Math.round(Number(clock.dataset.until) - Date.now() / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  });
  if (clocks.length) { tick(); setInterval(tick, 1000); }
})();
