// The ticket on the screen of a shared tablet: covered after a minute, shown again by one tap, until the next sample begins. And the
// size of the labels in this device's printer, which is remembered here.

const COVERED_AFTER_MS = 60_000;
const STORE = "mast.labels";
let timer = 0;

/** @param {HTMLElement} ticket @param {HTMLElement} show */
function uncover(ticket, show) {
  ticket.hidden = false;
  show.hidden = true;
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    ticket.hidden = true;
    show.hidden = false;
  }, COVERED_AFTER_MS);
}

/** The size this device's printer is set to; "" where nobody chose one. */
export function sizeOfPrinter() {
  try { return localStorage.getItem(STORE) ?? ""; } catch { return ""; } // private windows may refuse
}

/** @param {string} size */
export function printAt(size) {
  const root = document.documentElement;
  root.className = [...root.classList].filter((name) => !name.startsWith("label-")).join(" ");
  root.classList.add(`label-${size}`);
}

/** @param {ParentNode} root */
export function enhance(root) {
  const ticket = /** @type {HTMLElement | null} */ (root.querySelector("[data-cover]:not([data-ready])"));
  const show = /** @type {HTMLElement | null} */ (root.querySelector("[data-uncover]"));
  if (ticket && show) {
    ticket.setAttribute("data-ready", "");
    show.addEventListener("click", () => uncover(ticket, show));
    uncover(ticket, show);
  }
  const sizes = /** @type {HTMLSelectElement | null} */ (root.querySelector("[data-label-size]:not([data-ready])"));
  if (!sizes) return;
  sizes.setAttribute("data-ready", "");
  const size = sizeOfPrinter();
  if ([...sizes.options].some((one) => one.value === size)) sizes.value = size;
  printAt(sizes.value);
  sizes.addEventListener("change", () => {
    printAt(sizes.value);
    try { localStorage.setItem(STORE, sizes.value); } catch { /* for this page only, then */ }
  });
}
