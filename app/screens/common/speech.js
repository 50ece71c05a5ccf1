// Reads a page aloud, sentence by sentence, in the order of the page. Only by voices that live on this device: many browsers
// list voices that send the text to a company's servers, and a result is nobody's business.
//
// What is read: the innermost blocks of the parts marked data-read; data-spoken instead of an element's own text where it has
// words for the ear; nothing folded away, hidden or decorative. Each block by a voice of its own language.

const BLOCKS = "h1, h2, h3, p, li, dt, dd, td, th, [data-say], [data-spoken]";
const SILENT = "button, summary, .actions, .no-read, [hidden], [aria-hidden=true]";

/**
 * @typedef {object} Sentence
 * @property {Element} block where it stands
 * @property {string} text what is said
 * @property {string} lang
 * @property {Range | null} range its letters, to mark them; none where other words are said than stand there
 */

/** @param {string} lang */
const main = (lang) => lang.toLowerCase().split(/[-_]/)[0];

/** A voice of this device for a language. @param {string} lang @returns {SpeechSynthesisVoice | undefined} */
export function voiceFor(lang) {
  const own = speechSynthesis.getVoices().filter((v) => v.localService && main(v.lang) === main(lang));
  return own.find((v) => v.lang.toLowerCase().replace("_", "-") === lang.toLowerCase()) ?? own.find((v) => v.default) ?? own[0];
}

/** The language an element is in. @param {Element} element */
const langOf = (element) => element.closest("[lang]")?.getAttribute("lang") || document.documentElement.lang || "en";

/** Names as letters and figures, the way people say them: "2C-B" → "2 C B", "999" → "9 9 9". @param {string} text */
export function spelled(text) {
  return text
    .replace(/\b(999|111|112|101)\b/g, (number) => [...number].join(" "))
    .replace(/[\p{L}\d]+(?:-[\p{L}\d]+)+|\p{L}*\d+\p{L}[\p{L}\d]*|\p{Lu}{1,3}\d+\b/gu, (name) => (/\p{Lu}/u.test(name) ? letters(name) : name));
}

/** @param {string} name */
function letters(name) {
  return name
    .split("-")
    .map((part) => part
      .replace(/\d+/g, " $& ")
      .replace(/(?<!\p{L})\p{Lu}{2,4}(?!\p{L})|\p{Lu}{2,}(?=\p{Lu}\p{Ll})|\b\p{Lu}\b/gu, (capitals) => ` ${[...capitals].join(" ")} `))
    .join(" ")
    .replace(/\s+/g, " ")
    .trim();
}

/** @param {Element} element */
const audible = (element) => !element.closest(SILENT) && (element.checkVisibility?.() ?? true);

/** The letters of a block that are read, with where they stand. @param {Element} block */
function lettersOf(block) {
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  let text = "";
  /** @type {{node: Text, at: number}[]} */
  const places = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement?.closest(SILENT)) continue;
    places.push({ node: /** @type {Text} */ (node), at: text.length });
    const words = node.textContent ?? "";
    text += node.parentElement?.closest(".severity__level") ? words.toLowerCase() : words; // its capitals are a look, not letters
  }
  return { text, places };
}

/** @param {{node: Text, at: number}[]} places @param {number} from @param {number} to @returns {Range | null} */
function rangeOf(places, from, to) {
  /** @param {number} index */
  const find = (index) => places.findLast((place) => place.at <= index);
  const first = find(from);
  const last = find(to - 1);
  if (!first || !last) return null;
  const range = document.createRange();
  range.setStart(first.node, from - first.at);
  range.setEnd(last.node, Math.min(to - last.at, last.node.length));
  return range;
}

/** @param {Element} block @returns {Sentence[]} */
function sentencesOf(block) {
  const lang = langOf(block);
  const spoken = block.getAttribute("data-spoken");
  if (spoken) return cut(spoken).map(([text]) => ({ block, text, lang, range: null }));
  const { text, places } = lettersOf(block);
  return cut(text).map(([piece, from]) => ({
    block, lang, text: spelled(piece.replace(/\s+/g, " ")), range: rangeOf(places, from, from + piece.length),
  }));
}

/** Sentences and where they begin. @param {string} text @returns {[string, number][]} */
function cut(text) {
  /** @type {[string, number][]} */
  const found = [];
  for (const match of text.matchAll(/\S[\s\S]*?(?:[.!?…](?=\s|$)|$)/g)) {
    const piece = match[0].trimEnd();
    if (/[\p{L}\d]/u.test(piece)) found.push([piece, match.index]);
  }
  return found;
}

/** Everything that is read, in order; what is marked data-read-first before the rest, if asked for. @param {boolean} emergencyFirst */
export function sentences(emergencyFirst) {
  const blocks = [...document.querySelectorAll("[data-read]")]
    .flatMap((root) => [root, ...root.querySelectorAll(BLOCKS)].filter((e) => e.matches(BLOCKS)))
    .filter((e) => e.hasAttribute("data-spoken") || !e.querySelector(BLOCKS))
    .filter((e) => !e.parentElement?.closest("[data-spoken]") && audible(e));
  if (emergencyFirst) {
    /** @param {Element} block */
    const rank = (block) => (block.closest("[data-read-first]") ? 0 : 1);
    blocks.sort((a, b) => rank(a) - rank(b));
  }
  return blocks.flatMap(sentencesOf);
}

/** One reading at a time. `changed` hears "reading", "paused" or "silent". */
export class Reader {
  /** @param {(state: "reading" | "paused" | "silent") => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** @type {Sentence[]} */
    this.queue = [];
    this.at = 0;
    this.turn = 0; // an utterance that was cancelled still says that it ended
    /** @type {"reading" | "paused" | "silent"} */
    this.state = "silent";
  }

  /** @param {Sentence[]} queue @param {string} unreadable said once for parts in a language this device has no voice for */
  start(queue, unreadable) {
    this.stop();
    /** @type {Sentence[]} */
    const kept = [];
    for (const sentence of queue) {
      if (voiceFor(sentence.lang)) kept.push(sentence);
      else if (kept.at(-1)?.text !== unreadable) kept.push({ block: sentence.block, text: unreadable, lang: document.documentElement.lang, range: null });
    }
    this.queue = kept;
    this.at = 0;
    if (kept.length) this.say();
  }

  say() {
    const sentence = this.queue[this.at];
    if (!sentence?.block.isConnected) { this.stop(); return; } // read to the end, or the page has changed
    this.set("reading");
    this.mark(sentence);
    const turn = ++this.turn;
    const utterance = new SpeechSynthesisUtterance(sentence.text);
    const voice = voiceFor(sentence.lang);
    if (voice) utterance.voice = voice;
    utterance.lang = voice?.lang ?? sentence.lang;
    utterance.rate = 0.92;
    const next = () => { if (turn === this.turn && this.state === "reading") { this.at += 1; this.say(); } };
    utterance.addEventListener("end", next);
    utterance.addEventListener("error", next);
    this.utterance = utterance; // else it may be collected while it is spoken, and never end
    speechSynthesis.speak(utterance);
  }

  /** Silence at once, and go on from the same sentence: browsers' own pause is deaf on some phones. */
  pause() {
    if (this.state !== "reading") return;
    this.turn += 1;
    speechSynthesis.cancel();
    this.set("paused");
  }

  resume() {
    if (this.state === "paused") this.say();
  }

  stop() {
    this.turn += 1;
    if ("speechSynthesis" in window) speechSynthesis.cancel();
    this.queue = [];
    this.mark(null);
    this.set("silent");
  }

  /** @param {"reading" | "paused" | "silent"} state */
  set(state) {
    if (state === this.state) return;
    this.state = state;
    this.changed(state);
  }

  /** Show where the voice is: the sentence, and its block where a browser cannot mark letters. @param {Sentence | null} sentence */
  mark(sentence) {
    for (const old of document.querySelectorAll(".is-being-read")) old.classList.remove("is-being-read");
    const able = "highlights" in CSS;
    if (able) CSS.highlights.delete("being-read");
    if (!sentence) return;
    if (able && sentence.range) CSS.highlights.set("being-read", new Highlight(sentence.range));
    else sentence.block.classList.add("is-being-read");
    const box = sentence.block.getBoundingClientRect();
    if (box.top < 0 || box.bottom > window.innerHeight - 96) sentence.block.scrollIntoView({ block: "center" });
  }
}
