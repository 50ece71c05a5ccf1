// The bar at the foot of a result leads to the help for someone who is unwell. Its link goes while the number to call is in sight
// above the bar, and the bar with it unless it can read aloud. Without scripts the bar stays, and its link is an anchor.

const SEEN = 0.9; // of the number to call

/** @type {IntersectionObserver | null} */
let watcher = null;

/** Watch the help that is on the page now. */
export function watchHelp() {
  watcher?.disconnect();
  const bar = /** @type {HTMLElement | null} */ (document.querySelector(".help-bar"));
  const help = document.querySelector("#unwell .unwell__call a") ?? document.getElementById("unwell");
  if (!bar || !help || !("IntersectionObserver" in window)) return;
  watcher = new IntersectionObserver((seen) => bar.classList.toggle("is-met", (seen.at(-1)?.intersectionRatio ?? 0) >= SEEN), { threshold: SEEN, rootMargin: `0px 0px -${bar.offsetHeight}px` });
  watcher.observe(help);
}
