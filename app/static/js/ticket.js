// The client's page. The code stays in the address's fragment, which browsers never send: it reaches the
// server in the body of a POST only, so no log and no Referer knows it, and reloading still works.

import { enhance as enhanceReading } from "./reading.js";

const SYMBOLS = 12;
const GATHER_MS = 60; // the events of one step arrive together

/** @param {string} text */
const bare = (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, "");
/** Without the number of the event the page begins from. @param {string} url */
const path = (url) => url.split("?")[0];
/** @param {string} text */
const grouped = (text) => (bare(text).slice(0, SYMBOLS).match(/.{1,4}/g) ?? []).join(" ");

class Ticket {
  /** @param {HTMLElement} part */
  constructor(part) {
    this.part = part;
    this.url = part.dataset.ticketUrl ?? "";
    /** @type {EventSource | null} */
    this.source = null;
    this.listening = "";
    this.timer = 0;
    this.code = bare(decodeURIComponent(location.hash.slice(1)));
    this.dress();
    if (this.code.length === SYMBOLS) this.fetch(true);
    part.addEventListener("submit", (event) => this.submit(event));
    window.addEventListener("hashchange", () => {
      const code = bare(decodeURIComponent(location.hash.slice(1)));
      if (code.length === SYMBOLS && code !== this.code) { this.code = code; this.fetch(true); }
    });
    document.addEventListener("visibilitychange", () => { // phones drop the stream in a pocket
      if (!document.hidden && this.listening) { this.listen(this.listening); this.fetch(false); }
    });
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

  /** @param {SubmitEvent} event */
  submit(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const input = /** @type {HTMLInputElement | null} */ (form.querySelector("[data-ticket-code]"));
    if (!input) return;
    event.preventDefault();
    const code = bare(input.value);
    if (code.length !== SYMBOLS) { this.problem(input.dataset.short ?? `A ticket code has ${SYMBOLS} letters and numbers.`); input.focus(); return; }
    this.code = code;
    history.replaceState(null, "", `#${code}`); // so that a reload shows the same page
    this.fetch(true);
  }

  /** @param {boolean} first */
  async fetch(first) {
    /** @type {Response} */
    let answer;
    try {
      answer = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "text/html, application/problem+json" },
        body: JSON.stringify({ code: this.code }),
        cache: "no-store",
        referrerPolicy: "no-referrer",
      });
    } catch {
      this.say("lost", "Connection lost, trying again");
      window.setTimeout(() => this.fetch(first), 5_000);
      return;
    }
    const type = answer.headers.get("content-type") ?? "";
    if (!type.startsWith("text/html")) {
      const body = await answer.json().catch(() => ({}));
      this.problem(body.detail ?? "That did not work. Please wait a minute and try again.");
      return;
    }
    this.swap(await answer.text(), first);
  }

  /** @param {string} html @param {boolean} first */
  swap(html, first) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const same = fresh.getElementById(this.part.id); // a whole page is fine too: our own part of it
    const open = [...this.part.querySelectorAll("details[open] > summary")].map((s) => s.textContent);
    const before = this.part.textContent?.replace(/\d\d:\d\d:\d\d/g, "");
    this.part.replaceChildren(...(same ?? fresh.body).childNodes);
    for (const summary of this.part.querySelectorAll("details > summary")) {
      if (open.includes(summary.textContent)) summary.parentElement?.setAttribute("open", "");
    }
    const changed = before !== this.part.textContent?.replace(/\d\d:\d\d:\d\d/g, "");
    if (changed) {
      this.part.classList.remove("is-changed");
      void this.part.offsetWidth; // start the fade anew
      this.part.classList.add("is-changed");
    }
    const head = /** @type {HTMLElement | null} */ (this.part.querySelector("h1"));
    if (first && head) { head.tabIndex = -1; head.focus({ preventScroll: true }); window.scrollTo(0, 0); }
    this.dress();
    enhanceReading();
    const url = (same ?? this.part).dataset?.liveUrl || this.part.querySelector("[data-live-url]")?.getAttribute("data-live-url") || this.part.dataset.liveUrl;
    if (url && path(url) !== path(this.listening)) this.listen(url);
    this.say("", `Updated ${new Date().toLocaleTimeString("en-GB")}`);
  }

  /** @param {string} url */
  listen(url) {
    this.source?.close();
    this.listening = url;
    this.source = new EventSource(url);
    const again = () => { clearTimeout(this.timer); this.timer = window.setTimeout(() => this.fetch(false), GATHER_MS); };
    this.source.addEventListener("message", again);
    this.source.addEventListener("resync", again);
    this.source.addEventListener("error", () => {
      this.say("lost", "Connection lost, trying again");
      if (this.source?.readyState === EventSource.CLOSED) window.setTimeout(() => { this.listen(url); again(); }, 10_000);
    });
    this.source.addEventListener("open", () => this.say("", `Updated ${new Date().toLocaleTimeString("en-GB")}`));
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

for (const part of document.querySelectorAll("[data-ticket-url]")) new Ticket(/** @type {HTMLElement} */ (part));
enhanceReading();
