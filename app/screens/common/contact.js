// How long ago this page last heard from its server, and what it does when that is too long ago to act on.
//
// After ten minutes it says that it may be out of date, and every sentence that gives a start, a clock or a fraction (.dose) is
// taken off it; what stands there again comes from the server. Counted by a clock that only runs on, and by the time the
// server sends with its answers, never by the date of this device. A clock that only runs on may stand still while a phone
// sleeps: so a page that comes back into sight holds those sentences back until the server has answered.

const OLD_MS = 600_000;
const DOUBT_MS = 10_000; // back in sight and no answer: nobody knows how long it was away
const BEAT_MS = 30_000;
const AGAIN_MS = 10_000;
const LOOK_MS = 1_000;
const BOXES = "li, p, ul, ol, .told__line, .told__line > div";

/** Take the sentences off a part, with every line and heading that has nothing left to say. @param {HTMLElement} part */
function strip(part) {
  for (const dose of part.querySelectorAll(".dose")) {
    dose.closest("[data-spoken]")?.removeAttribute("data-spoken"); // words for the ear may hold it too
    let box = dose.parentElement;
    dose.remove();
    while (box && box !== part && box.matches(BOXES) && !box.textContent?.trim()) {
      const above = box.parentElement;
      box.remove();
      box = above;
    }
  }
  for (const more of part.querySelectorAll("details.more")) {
    if (!more.querySelector(":scope > div")?.textContent?.trim()) more.remove();
  }
  for (const told of part.querySelectorAll(".told")) if (!told.querySelector(".told__line")) told.remove();
}

/** Say on top of a part that it may be out of date. @param {HTMLElement} part */
function say(part) {
  const box = document.createElement("section");
  box.className = "client-page result__changed";
  box.setAttribute("role", "alert");
  box.setAttribute("data-read", "");
  const line = box.appendChild(document.createElement("p"));
  line.className = "result__changed-title";
  line.textContent = part.dataset.outdated ?? "";
  part.prepend(box);
}

export class Contact {
  /**
   * @param {() => boolean} listens whether live events reach this page
   * @param {() => void} renew fetches again what stands on the page
   */
  constructor(listens, renew) {
    this.listens = listens;
    this.renew = renew;
    this.heardAt = 0; // the clock began when the page was asked for
    this.server = NaN; // what time it was there
    this.old = false; // until something fresh stands on the page
    this.doubtful = 0;
    this.next = AGAIN_MS;
    setInterval(() => this.tick(), LOOK_MS);
    window.addEventListener("online", () => this.beat());
  }

  tick() {
    const now = performance.now();
    if (now - this.heardAt >= OLD_MS) this.expire();
    if (!document.hidden && now >= this.next) this.beat();
  }

  /** Ask whether the server is there. Without live events that would not do: the page grows old. */
  async beat() {
    this.next = performance.now() + AGAIN_MS;
    if (!this.listens()) return;
    try {
      const answer = await fetch("/health", { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
      if (answer.ok) this.heard(answer, false);
    } catch { /* asked again */ }
  }

  /** The server answered. @param {Response | undefined} answer @param {boolean} fresh what it sent stands on the page now */
  heard(answer, fresh) {
    const now = performance.now();
    const there = Date.parse(answer?.headers.get("date") ?? "");
    const away = now - this.heardAt >= OLD_MS || there - this.server >= OLD_MS;
    this.heardAt = now;
    this.next = now + BEAT_MS;
    if (!Number.isNaN(there)) this.server = there;
    if (fresh) { this.old = false; this.trust(); return; }
    if (away) this.expire();
    if (this.old) this.renew();
  }

  /** Back in sight, after nobody knows how long. */
  doubt() {
    document.documentElement.classList.add("is-in-doubt");
    clearTimeout(this.doubtful);
    this.doubtful = window.setTimeout(() => this.expire(), DOUBT_MS);
    this.tick();
  }

  trust() {
    clearTimeout(this.doubtful);
    document.documentElement.classList.remove("is-in-doubt");
  }

  expire() {
    if (this.old) return;
    this.old = true;
    document.dispatchEvent(new Event("mast:outdated")); // a voice that reads it falls silent
    for (const part of document.querySelectorAll("[data-outdated]")) {
      strip(/** @type {HTMLElement} */ (part));
      say(/** @type {HTMLElement} */ (part));
    }
    this.trust();
  }
}
