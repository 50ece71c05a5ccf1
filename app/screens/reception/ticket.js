// The ticket on the screen of a shared tablet: covered after a minute, shown again by one tap, until the next sample begins.

const COVERED_AFTER_MS = 60_000;
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

/** @param {ParentNode} root */
export function enhance(root) {
  const ticket = /** @type {HTMLElement | null} */ (root.querySelector("[data-cover]:not([data-ready])"));
  const show = /** @type {HTMLElement | null} */ (root.querySelector("[data-uncover]"));
  if (!ticket || !show) return;
  ticket.setAttribute("data-ready", "");
  show.addEventListener("click", () => uncover(ticket, show));
  uncover(ticket, show);
}
