// Live regions: one EventSource per page; an event of a topic makes the regions of that topic fetch themselves
// again through htmx (they wait for "mast:<topic>" on the body). The line #live-status says how old the page is.

import { seen } from "./mast.js";

const FIRST_RETRY_MS = 2_000;
const HIDDEN_MS = 60_000; // a browser allows six connections to a host: tabs nobody sees give theirs back
const GATHER_MS = 80; // events come in bursts, one fetch is enough
const COUNT_MS = 4_000; // the counts of the header stand for many events, and many tablets ask for them
const AGAIN_MS = 5_000; // a region that could not be fetched: its event has passed and does not come again

/** @type {EventSource | null} */
let source = null;
let started = false;
let out = false; // signed out: nothing more is to come
let missed = false; // events may have passed while the stream was away
let retry = FIRST_RETRY_MS;
/** @type {Set<string>} */
const pending = new Set();
let timer = 0;
let counting = 0;
let hiddenTimer = 0;
/** @type {import("./contact.js").Contact | null} where the page holds what is told to someone */
let contact = null;

/** @param {"" | "lost"} state @param {string} text */
function say(state, text) {
  const line = document.getElementById("live-status");
  if (!line || line.textContent === text) return;
  line.dataset.state = state;
  line.textContent = text;
}

function fresh() {
  say("", `Updated ${new Date().toLocaleTimeString("en-GB")}`);
}

/** Topics the page shows. @returns {string[]} */
function topics() {
  const found = [...document.querySelectorAll("[data-live]")].flatMap((region) => (region.getAttribute("data-live") ?? "").split(/\s+/));
  return [...new Set(found.filter(Boolean))];
}

/** The regions of these topics fetch themselves again. @param {Iterable<string>} names */
export function refresh(names) {
  for (const name of names) pending.add(name);
  counting ||= window.setTimeout(() => { counting = 0; document.body.dispatchEvent(new CustomEvent("mast:counts")); }, COUNT_MS);
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    // a region that is being fetched is replaced, and what htmx queues for it is lost: its topics are asked for again once it stands
    const busy = [...pending].filter((name) => document.querySelector(`[data-live~="${name}"].htmx-request`));
    for (const name of pending) if (!busy.includes(name)) document.body.dispatchEvent(new CustomEvent(`mast:${name}`));
    pending.clear();
    if (busy.length) refresh(busy);
    else fresh();
  }, GATHER_MS);
}

/** @param {string} url */
function connect(url) {
  source?.close();
  if (out) return;
  source = new EventSource(url);
  source.addEventListener("open", () => {
    retry = FIRST_RETRY_MS;
    if (missed) refresh(topics());
    missed = false;
    contact?.beat();
    fresh();
  });
  source.addEventListener("message", (event) => {
    /** @type {{topic?: string}} */
    const message = JSON.parse(event.data);
    if (message.topic) refresh([message.topic]);
  });
  source.addEventListener("resync", () => refresh(topics()));
  source.addEventListener("error", () => {
    say("lost", "Connection lost");
    // after a broken line the browser itself comes back with Last-Event-ID; after a refusal (a server that
    // is starting, a session that ended) it gives up, and then we ask again, ever less often
    if (source?.readyState === EventSource.CLOSED) {
      // the regions ask once, and so say it when nobody is signed in any more
      if (retry === FIRST_RETRY_MS) for (const name of topics()) document.body.dispatchEvent(new CustomEvent(`mast:${name}`));
      missed = true;
      window.setTimeout(() => connect(url), retry);
      retry = Math.min(retry * 2, 30_000);
    }
  });
}

/** Never pull a field from under someone who is typing in it. @param {Element} region */
function isBeingFilledIn(region) {
  const active = document.activeElement;
  return !!active && region.contains(active) && active.matches("input, textarea, select");
}

function guardRegions() {
  /** @param {Event} event */
  const later = (event) => {
    const region = /** @type {Element} */ (event.target);
    if (!region.matches?.("[data-live]") || !isBeingFilledIn(region)) return;
    event.preventDefault();
    region.addEventListener("focusout", () => refresh((region.getAttribute("data-live") ?? "").split(/\s+/)), { once: true });
  };
  document.addEventListener("htmx:config:request", later);
  document.addEventListener("htmx:before:swap", later); // they began while the answer was on its way
  document.addEventListener("htmx:error", (event) => {
    const region = /** @type {Element} */ (event.target);
    if (!region.matches?.("[data-live]")) return;
    const [topic] = (region.getAttribute("data-live") ?? "").split(/\s+/);
    window.setTimeout(() => document.body.dispatchEvent(new CustomEvent(`mast:${topic}`)), AGAIN_MS);
  });
  let focusedLink = "";
  document.addEventListener("htmx:before:swap", (event) => {
    if (event.defaultPrevented) return;
    const region = /** @type {Element} */ (event.target);
    const active = document.activeElement;
    focusedLink = region.matches?.("[data-live]") && active && region.contains(active) ? active.getAttribute("href") ?? "" : "";
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const id = /** @type {Element} */ (event.target).id;
    const region = id ? document.getElementById(id) : null;
    if (!region?.matches("[data-live]")) return;
    region.classList.add("is-changed");
    if (region.querySelector("[data-outdated]")) contact?.heard(/** @type {CustomEvent} */ (event).detail?.ctx?.response, true);
    if (focusedLink) /** @type {HTMLElement | null} */ (region.querySelector(`a[href="${CSS.escape(focusedLink)}"]`))?.focus();
    focusedLink = "";
  });
}

/** Start once; later calls find new regions by themselves, because topics are read from the page. */
export function enhance() {
  const url = document.querySelector("[data-live-url]")?.getAttribute("data-live-url");
  if (started || !url) return;
  started = true;
  guardRegions();
  seen.then(() => follow(url));
}

/** @param {string} url */
function follow(url) {
  document.addEventListener("mast:signed-out", () => { out = true; source?.close(); say("lost", "Signed out"); });
  connect(url);
  if (document.querySelector("[data-outdated]")) {
    import("./contact.js").then(({ Contact }) => {
      contact = new Contact(() => source?.readyState === EventSource.OPEN, () => refresh(topics()));
      if (source?.readyState === EventSource.OPEN) contact.beat();
    });
    document.addEventListener("mast:renewed", (event) => contact?.heard(/** @type {CustomEvent} */ (event).detail, true));
  }
  const back = () => {
    if (!source) connect(url);
    if (contact) { contact.doubt(); refresh(topics()); }
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = window.setTimeout(() => { source?.close(); source = null; missed = true; }, HIDDEN_MS);
    else back();
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) back(); });
  window.addEventListener("pagehide", () => { source?.close(); source = null; missed = true; });
}
