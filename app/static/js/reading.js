// Print large, and read aloud. The voice must live on this device: many browsers list voices that send
// the text to a company's servers, and a result is nobody's business.

const PAUSE = ["h1", "h2", "h3", "p", "li", "dt", "dd", "td", "th"].join(",");

/** What is read: the innermost blocks of the marked parts, in order, without what is folded away. @returns {string[]} */
function sentences() {
  const marked = [...document.querySelectorAll("[data-read]")];
  const roots = marked.length ? marked : [...document.querySelectorAll("main")];
  return roots
    .flatMap((root) => [...root.querySelectorAll(PAUSE)].filter((e) => !e.querySelector(PAUSE)))
    .filter((e) => !e.closest("button, .actions, [hidden]") && e.checkVisibility?.() !== false)
    .map((e) => {
      const copy = /** @type {HTMLElement} */ (e.cloneNode(true));
      for (const silent of copy.querySelectorAll("[aria-hidden=true]")) silent.remove();
      return (copy.textContent ?? "").replace(/\s+/g, " ").trim();
    })
    .filter(Boolean);
}

/** @returns {SpeechSynthesisVoice | undefined} */
function voice() {
  const lang = (document.documentElement.lang || "en").toLowerCase().split("-")[0];
  return speechSynthesis.getVoices().find((v) => v.localService && v.lang.toLowerCase().startsWith(lang));
}

/** @param {HTMLButtonElement} button */
function stopped(button) {
  button.textContent = button.dataset.startText ?? "";
  button.setAttribute("aria-pressed", "false");
}

/** @param {HTMLButtonElement} button */
function toggle(button) {
  if (button.getAttribute("aria-pressed") === "true") { speechSynthesis.cancel(); stopped(button); return; }
  const speaker = voice();
  const texts = sentences();
  if (!speaker || !texts.length) return;
  speechSynthesis.cancel();
  button.textContent = button.dataset.stopText ?? "Stop reading";
  button.setAttribute("aria-pressed", "true");
  texts.forEach((text, i) => {
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.voice = speaker;
    utterance.lang = speaker.lang;
    utterance.rate = 0.92;
    if (i === texts.length - 1) utterance.addEventListener("end", () => stopped(button));
    speechSynthesis.speak(utterance);
  });
}

/** Buttons appear when a voice does: browsers list their voices late. */
function offer() {
  const able = "speechSynthesis" in window && !!voice();
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-read-aloud]"))) {
    button.dataset.startText ??= button.textContent ?? "";
    button.hidden = !able;
  }
}

let started = false;

export function enhance() {
  offer();
  if (started) return;
  started = true;
  if ("speechSynthesis" in window) {
    speechSynthesis.addEventListener?.("voiceschanged", offer);
    window.addEventListener("pagehide", () => speechSynthesis.cancel());
  }
  document.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest?.("[data-print], [data-read-aloud]");
    if (!(button instanceof HTMLButtonElement)) return;
    if (button.hasAttribute("data-read-aloud")) { toggle(button); return; }
    if (button.dataset.print) document.documentElement.dataset.print = button.dataset.print;
    window.print();
  });
  /** @type {Element[]} */
  let unfolded = [];
  window.addEventListener("beforeprint", () => { // what is folded away belongs on paper too
    unfolded = [...document.querySelectorAll("details.more:not([open])")];
    for (const more of unfolded) more.setAttribute("open", "");
  });
  window.addEventListener("afterprint", () => {
    for (const more of unfolded) more.removeAttribute("open");
    delete document.documentElement.dataset.print;
  });
}
