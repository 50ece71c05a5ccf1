// Print, and the buttons of reading aloud. What is read, and by whose voice, is in speech.js.
// While it reads, a bar at the foot of the screen has Pause and Stop; Escape stops too. Nothing is announced to a screen
// reader and the focus stays where it is, so that two voices never speak at once.

import { Reader, sentences, voiceFor } from "./speech.js";

/** @type {HTMLElement | null} */
let bar = null;

const reader = new Reader((state) => {
  for (const button of buttons()) {
    button.textContent = (state === "silent" ? button.dataset.startText : button.dataset.stopText) ?? "";
    if (button.dataset.readAloud === "first") button.hidden = state !== "silent"; // the others say "stop" already
  }
  if (state === "silent") { bar?.remove(); bar = null; return; }
  const pause = (bar ??= made()).querySelector("button");
  if (pause) pause.textContent = (state === "paused" ? bar.dataset.onText : bar.dataset.pauseText) ?? "";
});

/** @returns {HTMLButtonElement[]} */
const buttons = () => [...document.querySelectorAll("button[data-read-aloud]")].filter((b) => b instanceof HTMLButtonElement);

/** The bar that stands at the foot of the screen while it reads, with the words of the page's own button. */
function made() {
  const words = buttons().find((b) => b.dataset.pauseText)?.dataset ?? {};
  const box = document.createElement("div");
  box.className = "reading-bar no-print";
  box.dataset.pauseText = words.pauseText ?? "Pause";
  box.dataset.onText = words.onText ?? "Go on";
  const pause = box.appendChild(document.createElement("button"));
  pause.addEventListener("click", () => { reader.state === "paused" ? reader.resume() : reader.pause(); });
  const stop = box.appendChild(document.createElement("button"));
  stop.textContent = words.stopText ?? "Stop reading";
  stop.addEventListener("click", () => {
    reader.stop();
    buttons()[0]?.focus({ preventScroll: true }); // the button pressed is gone
  });
  for (const button of [pause, stop]) { button.type = "button"; button.className = "button"; }
  document.body.appendChild(box);
  return box;
}

/** @param {HTMLButtonElement} button */
function toggle(button) {
  if (reader.state !== "silent") { reader.stop(); return; }
  const unread = buttons().find((b) => b.dataset.unreadText)?.dataset.unreadText ?? "";
  reader.start(sentences(button.dataset.readAloud === "first"), unread);
}

/** Buttons appear when a voice does: browsers list their voices late. */
function offer() {
  for (const button of buttons()) button.dataset.startText ??= button.textContent ?? "";
  if (reader.state !== "silent" && !reader.queue[reader.at]?.block.isConnected) reader.stop(); // the page changed under it
  const able = "speechSynthesis" in window && !!voiceFor(document.documentElement.lang || "en");
  if (reader.state === "silent") for (const button of buttons()) button.hidden = !able;
}

let started = false;

export function enhance() {
  offer();
  if (started) return;
  started = true;
  if ("speechSynthesis" in window) {
    speechSynthesis.addEventListener?.("voiceschanged", offer);
    window.addEventListener("pagehide", () => reader.stop());
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") reader.stop();
  });
  document.addEventListener("mast:outdated", () => reader.stop());
  document.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest?.("[data-print], [data-read-aloud]");
    if (!(button instanceof HTMLButtonElement)) return;
    if (button.hasAttribute("data-read-aloud")) toggle(button);
    else window.print();
  });
  /** @type {Element[]} */
  let unfolded = [];
  window.addEventListener("beforeprint", () => { // what is folded away belongs on paper too
    unfolded = [...document.querySelectorAll("details.more:not([open])")];
    for (const more of unfolded) more.setAttribute("open", "");
  });
  window.addEventListener("afterprint", () => {
    for (const more of unfolded) more.removeAttribute("open");
  });
}
