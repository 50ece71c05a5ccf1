// What a person says they also take stays in this page. What is typed is looked for among the names that are here already and
// goes nowhere. A tap sends what is ticked to the server in the body of a POST, whose answer is shown in this page: it is no page
// of the browser's history, so that "back", reloading and a restored window never bring it again. Leaving or "Clear" takes it
// away. Until this has run the controls are dead: they have no name, stand in no form, and are disabled.

import { enhance as offerReading } from "../common/reading.js";
import { problem } from "../common/mast.js";

const GATHER_MS = 250; // several are tapped in a row
const BESIDE = "(min-width: 56.25em) and (min-height: 31.25em)"; // the client's page stands beside what is tapped

/** Case, accents, hyphens and spaces do not matter when people speak. @param {string} text */
const squeezed = (text) => text.toLowerCase().normalize("NFKD").replace(/[^\p{L}\d+]/gu, "");

class Also {
  /** @param {HTMLElement} part */
  constructor(part) {
    this.part = part;
    this.url = part.dataset.withUrl ?? "";
    this.find = /** @type {HTMLInputElement} */ (part.querySelector("input[type=search]"));
    this.all = /** @type {HTMLDetailsElement} */ (part.querySelector("details.more"));
    this.timer = 0;
    this.number = 0; // the answer that counts is the one asked for last
    this.shown = false; // what they also take is on the page now
    this.names = [...part.querySelectorAll("[data-words]")].map((row) => ({
      row: /** @type {HTMLElement} */ (row), words: squeezed(row.getAttribute("data-words") ?? ""),
    }));
    this.wasOpen = this.all.open;
    part.addEventListener("change", (event) => { if (event.target !== this.find) this.ticked(); });
    this.find.addEventListener("input", () => this.filter());
    this.find.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { this.find.value = ""; this.filter(); }
    });
    part.querySelector("[data-also=clear]")?.addEventListener("click", () => this.clear());
    // a result that changes in the meantime: asked for again, as what is ticked is still here
    for (const topic of ["result", "client"]) document.body.addEventListener(`mast:${topic}`, () => { if (this.shown) this.ask(false); });
    window.addEventListener("pagehide", () => this.forget());
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.clear(); });
    this.forget(); // whatever a browser brought back on its own
    for (const control of part.querySelectorAll("input, button")) control.removeAttribute("disabled");
  }

  /** Show the names that hold what was typed; what is ticked stays in sight. */
  filter() {
    const typed = squeezed(this.find.value);
    let found = 0;
    for (const { row, words } of this.names) {
      const fits = words.includes(typed);
      row.hidden = !fits && !row.querySelector("input:checked");
      if (fits) found += 1;
    }
    for (const group of this.part.querySelectorAll("fieldset")) group.hidden = !group.querySelector("[data-words]:not([hidden])");
    this.all.open = typed ? true : this.wasOpen;
    const line = this.part.querySelector("[role=status]");
    if (!line) return;
    if (!typed) line.textContent = "";
    else if (found) line.textContent = found === 1 ? "1 name" : `${found} names`;
    else line.textContent = "No such name here, so no card can warn about it. That does not mean there is no danger.";
  }

  /** Say it, and ask for the page with it once nothing more is tapped. */
  ticked() {
    this.tell();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.ask(true), GATHER_MS);
  }

  /** Say what is ticked, as the list of all names may be shut over it. */
  tell() {
    const ticked = this.names.filter(({ row }) => row.querySelector("input:checked"));
    const line = /** @type {HTMLElement} */ (this.part.querySelector(".also__ticked"));
    line.hidden = !ticked.length;
    const words = line.querySelector("b");
    if (words) words.textContent = ticked.map(({ row }) => row.querySelector("span")?.firstChild?.textContent).join(", ");
  }

  /** What is ticked, for the body. */
  said() {
    return new URLSearchParams([...this.part.querySelectorAll("input:checked")].map((input) => ["also", /** @type {HTMLInputElement} */ (input).value]));
  }

  /** @param {boolean} asked by a press, not by itself */
  async ask(asked) {
    const number = ++this.number;
    try {
      const answer = await fetch(this.url, {
        method: "POST", body: this.said(), cache: "no-store", referrerPolicy: "no-referrer", headers: { Accept: "text/html", ...(asked ? {} : { "Mast-By-Itself": "1" }) },
      });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("client-page");
      if (number !== this.number) return;
      if (!answer.ok || answer.redirected || !fresh) throw new Error();
      this.put(fresh);
      document.dispatchEvent(new CustomEvent("mast:renewed", { detail: answer }));
      if (asked && matchMedia(BESIDE).matches) fresh.querySelector("[data-origin=self_reported]")?.scrollIntoView({ block: "nearest" });
    } catch {
      if (number === this.number && asked) problem("This did not work", "What you ticked is not stored. Reload the page, sign in if asked, and tick again.");
    }
  }

  /** @param {HTMLElement} fresh */
  put(fresh) {
    document.getElementById("client-page")?.replaceWith(fresh);
    this.shown = fresh.hasAttribute("data-with");
    fresh.tabIndex = -1;
    if (!this.shown) /** @type {any} */ (window).htmx?.process(fresh); // the page without it refreshes itself again
    offerReading();
  }

  /** Nothing ticked, nothing typed, and the page as the client has it. */
  clear() {
    this.forget();
    this.ask(true);
  }

  /** Take it off the page at once. */
  forget() {
    this.number += 1;
    clearTimeout(this.timer);
    for (const input of this.part.querySelectorAll("input")) {
      if (input.type === "checkbox") input.checked = false;
      else input.value = "";
    }
    this.wasOpen = false;
    this.filter();
    this.tell();
    if (this.shown) document.getElementById("client-page")?.replaceChildren();
  }
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const part of root.querySelectorAll(".also:not([data-ready])")) {
    part.setAttribute("data-ready", "");
    new Also(/** @type {HTMLElement} */ (part));
  }
}
