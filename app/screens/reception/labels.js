// What this device's printer is set to, remembered here: the size of its labels, and where a sheet of A4 that is begun has its first free label.

const SIZE = "mast.labels";
const FREE = "mast.labels.free";
const ON_A_SHEET = 24;

/** @param {string} name */
function noted(name) {
  try { return localStorage.getItem(name) ?? ""; } catch { return ""; } // private windows may refuse
}

/** @param {string} name @param {string} value */
function note(name, value) {
  try { localStorage.setItem(name, value); } catch { /* for this page only, then */ }
}

/** @param {number} place */
const onSheet = (place) => Math.max(0, Math.trunc(place) || 0) % ON_A_SHEET;

/** The sheets of labels of this page, each with its places that are used already as gaps. @param {number} used */
function beginAfter(used) {
  for (const sheet of document.querySelectorAll(".label-sheet")) {
    for (const gap of sheet.querySelectorAll(".label-gap")) gap.remove();
    sheet.prepend(...Array.from({ length: used }, () => Object.assign(document.createElement("span"), { className: "label-gap" })));
  }
}

/** @param {string} size */
function setSize(size) {
  const root = document.documentElement;
  root.className = [...root.classList].filter((name) => !name.startsWith("label-")).join(" ");
  if (size) root.classList.add(`label-${size}`);
}

/** @param {number} place of the first free label, from 0 */
function setFree(place) {
  const free = onSheet(place);
  beginAfter(free);
  for (const button of document.querySelectorAll("[data-label-place]")) {
    button.setAttribute("aria-pressed", String(Number(button.getAttribute("data-label-place")) === free + 1));
  }
  for (const said of document.querySelectorAll("[data-label-free]")) said.textContent = String(free + 1);
}

/** The next print takes the labels after this one's, also where someone prints the same page again. */
function printed() {
  if (noted(SIZE) !== "a4") return;
  const next = onSheet(Number(noted(FREE)) + document.querySelectorAll(".label-sheet .label").length);
  note(FREE, String(next));
  setFree(next);
}

let listening = false;

/** Labels are printed as this device's printer is set. */
export function asRemembered() {
  setSize(noted(SIZE));
  setFree(Number(noted(FREE)));
  if (!listening) addEventListener("afterprint", printed);
  listening = true;
}

/** @param {ParentNode} root */
export function enhance(root) {
  const sizes = /** @type {HTMLSelectElement | null} */ (root.querySelector("[data-label-size]:not([data-ready])"));
  if (!sizes) return;
  sizes.setAttribute("data-ready", "");
  if ([...sizes.options].some((one) => one.value === noted(SIZE))) sizes.value = noted(SIZE);
  asRemembered();
  sizes.addEventListener("change", () => { note(SIZE, sizes.value); setSize(sizes.value); });
  for (const button of root.querySelectorAll("[data-label-place]")) {
    button.addEventListener("click", () => {
      const place = Number(button.getAttribute("data-label-place")) - 1;
      note(FREE, String(place));
      setFree(place);
      /** @type {HTMLDetailsElement | null} */ (button.closest("details"))?.removeAttribute("open");
    });
  }
}
