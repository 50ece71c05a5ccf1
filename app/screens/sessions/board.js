// The board: ages go on between two changes, and who stands on a row with the keyboard stays on it when its column comes again.

const EVERY_MS = 15_000;

/** As the server words it: 12 min; 2 h 5 min beyond an hour and a half. @param {number} seconds */
function words(seconds) {
  const whole = Math.max(0, Math.round(seconds / 60));
  return whole < 90 ? `${whole} min` : `${Math.floor(whole / 60)} h ${whole % 60} min`;
}

function tick() {
  const late = Number(document.querySelector("[data-late-after]")?.getAttribute("data-late-after"));
  for (const age of document.querySelectorAll("[data-since]")) {
    const seconds = (Date.now() - Date.parse(age.getAttribute("data-since") ?? "")) / 1000;
    const text = words(seconds);
    if (age.textContent !== text) age.textContent = text;
    if (seconds > late) age.classList.add("is-late");
  }
}

let focused = "";
document.addEventListener("htmx:before:swap", () => {
  const row = document.activeElement?.closest(".lane a");
  if (row) focused = row.getAttribute("href") ?? "";
});
document.addEventListener("htmx:after:swap", () => {
  if (focused && document.activeElement === document.body) {
    /** @type {HTMLElement | null} */ (document.querySelector(`.lane a[href="${CSS.escape(focused)}"]`))?.focus({ preventScroll: true });
  }
  setTimeout(() => { focused = ""; }, 500);
});
setInterval(tick, EVERY_MS);
