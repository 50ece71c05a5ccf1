// The client's page. The code stays in the address's fragment, which browsers never send: it reaches the
// server in the body of a POST only, so no log and no Referer knows it, and reloading still works.
// Tabs share one ticket cookie. Each asks for the page of its own sample: by its code where it has one, which also
// brings the cookie back, else by the mark in its addresses, which the server refuses once the cookie is another's.

import { Contact } from "../common/contact.js";
import { enhance as enhanceReading } from "../common/reading.js";
import { watchHelp } from "./help.js";

const SYMBOLS = 12;
const GATHER_MS = 60; // the events of one step arrive together
const RETRY_MS = 5_000;

/** @param {string} text */
const bare = (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, "");
/** The page's own word for a state, in its language. @param {"looking" | "lost" | "updated" | "failed"} key @param {string} english */
const word = (key, english) => document.getElementById("live-status")?.dataset[key] ?? english;
const lost = () => word("lost", "Connection lost, trying again");
const updated = () => `${word("updated", "Updated")} ${new Date().toLocaleTimeString("en-GB")}`;
/** Whose events an address brings; not the event the page begins from. @param {string} url */
const markOf = (url) => new URL(url, location.href).searchParams.get("of") ?? "";
/** @param {string} text */
const grouped = (text) => (bare(text).slice(0, SYMBOLS).match(/.{1,4}/g) ?? []).join(" ");
/** What stands in a part, without its buttons, whose words change. @param {Element} part */
function wordsOf(part) {
  const copy = /** @type {Element} */ (part.cloneNode(true));
  for (const button of copy.querySelectorAll("button, .ticket-problem")) button.remove();
  return copy.textContent?.replace(/\s+/g, " ").trim();
}

/** The whole code in the address, or nothing. */
function codeInAddress() {
  let text = location.hash.slice(1);
  try { text = decodeURIComponent(text); } catch { /* not something we wrote */ }
  const code = bare(text);
  return code.length === SYMBOLS ? code : "";
}

function forgetAddress() {
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
}

class Ticket {
  /** @param {HTMLElement} part */
  constructor(part) {
    this.part = part;
    this.url = part.dataset.ticketUrl ?? "";
    /** @type {EventSource | null} */
    this.source = null;
    this.mark = ""; // of the sample the stream is about
    this.timer = 0; // the next look
    this.asked = 0; // looks so far
    this.told = 0; // the look whose answer stands on the page: older ones come too late
    this.failures = 0;
    this.code = codeInAddress();
    this.contact = new Contact(() => this.source?.readyState === EventSource.OPEN, () => this.look(false));
    this.dress();
    this.name();
    if (this.code) this.open(this.code);
    else if (part.dataset.liveUrl) this.listen(part.dataset.liveUrl);
    part.addEventListener("submit", (event) => this.submit(event));
    window.addEventListener("hashchange", () => {
      const code = codeInAddress();
      if (code && code !== this.code) this.open(code);
    });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.resume(); }); // phones drop the stream in a pocket
    window.addEventListener("pagehide", () => this.hush());
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.resume(); }); // back, from the browser's memory
  }

  /** Whether a sample's page is here, and not the entry. */
  get shows() {
    return !!this.part.dataset.liveUrl;
  }

  /** @param {string} code */
  open(code) {
    this.drop();
    this.code = code;
    if (this.shows) { // it may be the page of another ticket
      this.part.hidden = true;
      this.say("", word("looking", "Looking for your result"));
    }
    this.look(true);
  }

  /** Look first, which makes the cookie this tab's own, then listen. */
  resume() {
    if (!this.shows) return;
    this.contact.doubt();
    this.hush();
    this.look(false);
  }

  /** Make the typed entry show the code as it is printed: 4-4-4, capitals. */
  dress() {
    const input = /** @type {HTMLInputElement | null} */ (this.part.querySelector("[data-ticket-code]"));
    if (!input) return;
    input.setAttribute("autocapitalize", "characters");
    input.setAttribute("spellcheck", "false");
    input.addEventListener("input", () => {
      if (input.selectionStart === input.value.length) input.value = grouped(input.value); // not while mending the middle
    });
    input.addEventListener("blur", () => { input.value = grouped(input.value); });
  }

  /** The header says where this is and which ticket, the tab what it shows. */
  name() {
    const line = document.getElementById("where");
    if (!line) return;
    const place = document.createElement("span");
    place.textContent = (this.shows && this.part.dataset.site) || line.dataset.home || "";
    line.replaceChildren(place);
    if (this.shows && this.code) {
      const code = line.appendChild(document.createElement("span"));
      code.className = "ticket-code";
      const what = code.appendChild(document.createElement("span"));
      what.className = "visually-hidden";
      what.textContent = `${line.dataset.ticket ?? "Ticket"} `;
      code.append(grouped(this.code));
    }
    document.title = this.part.dataset.title ?? document.title;
    watchHelp();
  }

  /** @param {SubmitEvent} event */
  submit(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.getAttribute("action") === "/t/forget") { this.leave(); return; }
    const input = /** @type {HTMLInputElement | null} */ (form.querySelector("[data-ticket-code]"));
    if (!input) return;
    event.preventDefault();
    const code = bare(input.value);
    if (code.length !== SYMBOLS) { this.problem(input.dataset.short ?? `A ticket code has ${SYMBOLS} letters and numbers.`); input.focus(); return; }
    history.replaceState(null, "", `#${code}`); // so that a reload shows the same page
    this.open(code);
  }

  /** The form takes the cookie back; "back" must not bring the code or the result. */
  leave() {
    this.drop();
    this.code = "";
    forgetAddress();
    this.part.hidden = true; // not removed: the form in it is still being sent
  }

  /** @param {boolean} first */
  async look(first) {
    clearTimeout(this.timer);
    const number = ++this.asked;
    /** @type {Response} */
    let answer;
    let body = "";
    try {
      answer = await this.ask();
      body = await answer.text();
    } catch {
      if (number > this.told) this.retry(first);
      return;
    }
    if (number <= this.told) return;
    this.told = number;
    const type = answer.headers.get("content-type") ?? "";
    const fresh = answer.ok && type.startsWith("text/html") ? new DOMParser().parseFromString(body, "text/html").getElementById(this.part.id) : null;
    if (fresh) { this.swap(fresh, first); this.contact.heard(answer, true); return; }
    const ours = type.startsWith("application/problem+json") && answer.status < 500; // else a proxy's words, or a restart
    if (!ours && this.shows) { this.retry(first); return; }
    const problem = ours ? JSON.parse(body) : {};
    const said = ours ? [problem.detail, problem.hint].filter(Boolean).join(" ") : word("failed", "That did not work. Please wait a minute and try again.");
    if (ours && (answer.status === 401 || answer.status === 404 || this.part.hidden)) this.end(said);
    else this.problem(said);
  }

  /** @returns {Promise<Response>} */
  ask() {
    if (!this.code) { // not asking for text/html: an error comes as data then; the page comes all the same
      const headers = { Accept: "application/problem+json, */*;q=0.1", "Mast-By-Itself": "1" };
      return fetch(this.part.dataset.partUrl ?? "/t/part", { headers, cache: "no-store", referrerPolicy: "no-referrer" });
    }
    return fetch(this.url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/html, application/problem+json", "Mast-By-Itself": "1" },
      body: JSON.stringify({ code: this.code }),
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
  }

  /** @param {boolean} first */
  retry(first) {
    this.say("lost", lost());
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.look(first), RETRY_MS);
  }

  /** The ticket no longer works here: what it showed goes, the entry comes. @param {string} text */
  end(text) {
    this.drop();
    this.code = "";
    forgetAddress();
    const entry = /** @type {HTMLTemplateElement | null} */ (document.getElementById("ticket-entry"));
    if (this.shows) {
      if ("speechSynthesis" in window) speechSynthesis.cancel();
      this.part.replaceChildren(...(entry ? [entry.content.cloneNode(true)] : []));
      delete this.part.dataset.liveUrl;
      delete this.part.dataset.partUrl;
      for (const name of ["outdated", "site", "kind"]) delete this.part.dataset[name];
      this.part.dataset.title = this.part.dataset.entryTitle ?? document.title;
      this.dress();
      this.name();
    }
    this.part.hidden = false;
    this.problem(text);
    this.say("", "");
  }

  /** @param {HTMLElement} fresh @param {boolean} first */
  swap(fresh, first) {
    const open = [...this.part.querySelectorAll("details[open] > summary")].map((s) => s.textContent);
    const before = this.part.textContent?.replace(/\d\d:\d\d:\d\d/g, "");
    // the same words again: they stay, so that a voice that reads them, or a finger on them, is not cut off
    if (this.part.hidden || wordsOf(fresh) !== wordsOf(this.part)) this.part.replaceChildren(...fresh.childNodes);
    else this.part.querySelector(".ticket-problem")?.remove();
    const waited = this.part.dataset.kind === "waiting";
    Object.assign(this.part.dataset, fresh.dataset); // its addresses: they are of this sample
    this.part.hidden = false;
    this.name();
    // a phone that nobody has touched yet refuses, and complains
    if (waited && this.part.dataset.kind !== "waiting" && navigator.userActivation?.hasBeenActive) navigator.vibrate?.([200, 100, 200]);
    for (const summary of this.part.querySelectorAll("details > summary")) {
      if (open.includes(summary.textContent)) summary.parentElement?.setAttribute("open", "");
    }
    const changed = before !== this.part.textContent?.replace(/\d\d:\d\d:\d\d/g, "");
    if (changed) {
      this.part.classList.remove("is-changed");
      void this.part.offsetWidth; // start the fade again
      this.part.classList.add("is-changed");
    }
    const head = /** @type {HTMLElement | null} */ (this.part.querySelector("[data-first]") ?? this.part.querySelector("h1"));
    if (first && head) { head.tabIndex = -1; head.focus({ preventScroll: true }); window.scrollTo(0, 0); }
    this.dress();
    enhanceReading();
    const url = this.part.dataset.liveUrl;
    if (url && (!this.source || markOf(url) !== this.mark)) this.listen(url);
    this.say("", updated());
  }

  /** @param {string} url */
  listen(url) {
    this.hush();
    const source = new EventSource(url);
    this.source = source;
    this.mark = markOf(url);
    const again = () => { clearTimeout(this.timer); this.timer = window.setTimeout(() => this.look(false), GATHER_MS); };
    source.addEventListener("message", again);
    source.addEventListener("resync", again);
    source.addEventListener("error", () => {
      this.say("lost", lost());
      if (source !== this.source || source.readyState !== EventSource.CLOSED) return; // else the browser tries by itself
      this.hush();
      const wait = Math.min(500 * 2 ** this.failures++, 30_000); // refused: the cookie ended, or is another tab's
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.look(false), wait * (0.5 + Math.random()));
    });
    source.addEventListener("open", () => {
      this.failures = 0;
      this.contact.beat();
      this.say("", updated());
    });
  }

  /** Stop listening. */
  hush() {
    this.source?.close();
    this.source = null;
  }

  /** And look no more: answers on their way come too late. */
  drop() {
    this.hush();
    clearTimeout(this.timer);
    this.told = ++this.asked;
  }

  /** @param {string} text */
  problem(text) {
    this.part.querySelector(".ticket-problem")?.remove();
    const box = document.createElement("p");
    box.className = "notice notice--problem ticket-problem";
    box.setAttribute("role", "alert");
    box.textContent = text;
    this.part.prepend(box);
  }

  /** @param {string} state @param {string} text */
  say(state, text) {
    const line = document.getElementById("live-status");
    if (line) { line.dataset.state = state; line.textContent = text; }
  }
}

// another language: the code goes along in the fragment, which is never sent
document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest?.("a[hreflang]");
  if (link instanceof HTMLAnchorElement && codeInAddress()) link.hash = location.hash;
});

// "Skip to the page" must not take the code's place in the address: a reload would lose the ticket
document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest?.("a[href^='#']");
  const place = link && /** @type {HTMLElement | null} */ (document.querySelector(link.getAttribute("href") ?? ""));
  if (!place) return;
  event.preventDefault();
  place.focus();
  place.scrollIntoView();
});

// browsers print the address at the edge of the sheet
let printedAddress = "";
window.addEventListener("beforeprint", () => { printedAddress = location.hash; forgetAddress(); });
window.addEventListener("afterprint", () => { if (printedAddress) history.replaceState(null, "", printedAddress); });

for (const part of document.querySelectorAll("[data-ticket-url]")) new Ticket(/** @type {HTMLElement} */ (part));
enhanceReading();
