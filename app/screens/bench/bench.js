// The bench's own few lines. A part of the page is never fetched again under someone's hands; the spectrum is
// fetched only when there is a newer one; the method chosen beside the drop zone travels with the files; a link to a
// part of the page fetches that part alone.

import { refresh } from "../common/live.js";
import { problem } from "../common/mast.js";

/** A form someone began to fill in, or a fold they opened to do so. @param {Element} region */
function inUse(region) {
  for (const form of region.querySelectorAll("form[data-keep]")) {
    if (form.closest("details")?.open) return true;
    for (const field of form.querySelectorAll("input:not([type=hidden]), select, textarea")) {
      if (field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)) {
        if (field.checked !== field.defaultChecked) return true;
      } else if (field instanceof HTMLSelectElement) {
        if ([...field.options].some((option) => option.selected !== option.defaultSelected && option.defaultSelected)) return true;
      } else if (/** @type {HTMLInputElement} */ (field).value !== /** @type {HTMLInputElement} */ (field).defaultValue) return true;
    }
  }
  return false;
}

/** @param {Element} region */
function sayChanged(region) {
  if (region.querySelector(".bench-changed")) return;
  const note = document.createElement("p");
  note.className = "notice notice--info bench-changed";
  note.setAttribute("role", "status");
  note.textContent = "Someone else changed these findings. Save yours as usual. Where both of you changed the same, you choose.";
  region.prepend(note);
}

/** @param {Event} event */
function notUnderTheirHands(event) {
  const region = /** @type {Element} */ (event.target);
  if (region.id !== "bench-findings" || !inUse(region)) return;
  event.preventDefault();
  sayChanged(region);
}
document.addEventListener("htmx:config:request", notUnderTheirHands);
document.addEventListener("htmx:before:swap", notUnderTheirHands); // opened while the answer was on its way

// the list of files is live; the spectrum follows when there is a newer reading than when the page was last drawn
const newestNow = () => document.querySelector("[data-newest]")?.getAttribute("data-newest") ?? "";
let newest = newestNow();
document.addEventListener("htmx:after:swap", () => {
  if (newestNow() === newest) return;
  newest = newestNow();
  history.replaceState(null, "", location.pathname); // an older reading may have been chosen in the address
  here = shown();
  refresh(["spectrum"]);
  // the tabs say so too: files may have been the part that was open
  /** @type {any} */ (window).htmx?.ajax("GET", `${location.pathname}/readings?part=spectrum`, { target: "#bench-readings", swap: "outerHTML" });
});

// a tab pressed while the spectrum is on its way is worth more than the answer, which does not know of it
let pressed = 0, before = 0;
document.addEventListener("htmx:before:request", (event) => {
  if (/** @type {Element} */ (event.target).id === REGIONS.spectrum) before = pressed;
});
document.addEventListener("htmx:before:swap", (event) => {
  if (/** @type {Element} */ (event.target).id !== REGIONS.spectrum || before === pressed) return;
  event.preventDefault();
  refresh(["spectrum"]);
});

for (const select of document.querySelectorAll("[data-upload-method]")) {
  const form = /** @type {HTMLFormElement} */ (select.closest("form"));
  const plain = form.dataset.uploadUrl ?? "";
  select.addEventListener("change", () => {
    const method = /** @type {HTMLSelectElement} */ (select).value;
    form.dataset.uploadUrl = method ? `${plain}?method=${encodeURIComponent(method)}` : plain;
  });
}

// ---- a tab, a peak or an overlay changes one part of the page; the address says what is shown ----

/** @type {Record<string, string>} part of the address → the region it answers */
const REGIONS = { panel: "bench-panel", below: "bench-below", spectrum: "bench-spectrum" };

/** @type {Record<string, number>} how often each part was asked for: the answer to an older press may arrive last */
const turns = {};

/** @param {string} part @param {string} search */
async function show(part, search) {
  const turn = turns[part] = (turns[part] ?? 0) + 1;
  pressed += 1;
  try {
    const answer = await fetch(`${location.pathname}/${part}${search}`, { headers: { Accept: "text/html" } });
    const text = await answer.text();
    if (turn !== turns[part]) return;
    if (!answer.ok || answer.redirected) { location.assign(location.pathname + search); return; }
    const made = new DOMParser().parseFromString(text, "text/html").getElementById(REGIONS[part]);
    const there = document.getElementById(REGIONS[part]);
    if (!made || !there) return;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const inside = there.contains(focused), href = inside ? focused?.getAttribute("href") : null, plot = focused?.closest(".plot")?.id;
    there.replaceWith(made);
    history.pushState(null, "", location.pathname + search);
    here = shown();
    /** @type {any} */ (window).htmx?.process(made);
    document.dispatchEvent(new CustomEvent("htmx:after:swap", { bubbles: true }));
    const again = href ? made.querySelector(`a[href="${CSS.escape(href)}"]`) ?? made.querySelector("[aria-current]") : plot ? made.querySelector(`#${plot} .plot__area`) : null;
    if (inside) /** @type {HTMLElement | null} */ (again)?.focus();
  } catch {
    problem("The server did not answer", "Nothing you saved is lost. Check the network, then try again.");
  }
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const target = /** @type {Element} */ (event.target);
  const link = /** @type {HTMLAnchorElement | null} */ (target.closest("a[data-part], #plot a.plot__mark, a[data-side], a[data-ask]"));
  if (!link) return;
  if (link.dataset.side) { event.preventDefault(); side(link); return; }
  if (link.dataset.ask) { if (open(link.dataset.ask)) event.preventDefault(); return; }
  event.preventDefault();
  show(link.dataset.part || "below", kept(link, link.search));
});

/** What is drawn over a run changes nothing below it, which may have changed since the menu came. @param {Element} from @param {string} search */
function kept(from, search) {
  if (!from.closest("#plot .plot__menu") || !document.querySelector("#plot [data-mean]")) return search;
  const now = new URLSearchParams(location.search), asked = new URLSearchParams(search);
  for (const name of ["peak", "raw", "start", "end", "compare"]) {
    asked.delete(name);
    const value = now.get(name);
    if (value) asked.set(name, value);
  }
  return `?${asked}`;
}
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target), { part } = form.dataset;
  if (event.defaultPrevented || !part) return;
  event.preventDefault();
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string" && value) asked.append(name, value);
  const menu = /** @type {HTMLDetailsElement | null} */ (form.closest("details.menu"));
  if (menu?.open) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
  show(part, part === "spectrum" ? kept(form, `?${asked}`) : `?${asked}`);
});
// a skip link changes no more than the end of the address: nothing is loaded for it
const shown = () => location.pathname + location.search;
let here = shown();
addEventListener("popstate", () => { if (shown() !== here) location.reload(); });

/** On a phone one of the two is seen. @param {HTMLAnchorElement} link */
function side(link) {
  const desk = /** @type {HTMLElement} */ (document.querySelector(".bench-desk"));
  desk.dataset.show = link.dataset.side ?? "";
  for (const one of document.querySelectorAll("a[data-side]")) one.toggleAttribute("aria-current", one === link);
  link.setAttribute("aria-current", "true");
}

/** The fields of a step stand beside the findings: unfold them and go there. @param {string} id @returns {boolean} */
function open(id) {
  const fold = document.getElementById(id);
  if (!(fold instanceof HTMLDetailsElement)) return false;
  const findings = /** @type {HTMLAnchorElement | null} */ (document.querySelector('a[data-side="findings"]'));
  if (findings) side(findings);
  fold.open = true;
  fold.scrollIntoView({ block: "nearest" });
  /** @type {HTMLElement | null} */ (fold.querySelector("input:not([type=hidden]), select"))?.focus();
  return true;
}

// ---- a submission may be undone for a moment ----

const UNDO_MS = 8000;
const loaded = performance.now();
const tooLate = () => { for (const form of document.querySelectorAll("[data-undo]")) form.remove(); };
setTimeout(tooLate, UNDO_MS);
document.addEventListener("htmx:after:swap", () => { if (performance.now() - loaded > UNDO_MS) tooLate(); });

// ---- a strip's lot and dilution are those of the last strip of its kind ----

document.addEventListener("change", (event) => {
  const tile = /** @type {HTMLInputElement} */ (event.target);
  if (tile.name !== "strip_target") return;
  for (const what of ["lot", "dilution"]) {
    const field = /** @type {HTMLInputElement | null} */ (document.getElementById(`strip-strip_${what}`));
    if (!field || (field.value && field.dataset.remembered !== field.value)) continue;
    field.dataset.remembered = field.value = tile.dataset[what] ?? "";
  }
});

document.querySelector(".bench-list [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
