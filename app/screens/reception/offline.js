// Reception goes on without the server: a sample is registered here, with a number and a ticket this tablet was lent, and sent when
// the server answers again. The header says how many wait.

import { fill, entriesOf } from "../common/filled.js";
import { problem } from "../common/mast.js";
import { works } from "../common/device_store.js";
import * as outbox from "./outbox.js";
import { showTicket } from "./offline_ticket.js";

const AGAIN_MS = 15_000;
const SLOWEST_MS = 300_000;
const CLOCK_OFF_S = 300;
const OPEN = "mast:open"; // the sample that is looked at again, across the load of its page
const NO_LOOK = ["idempotency_key"];
const NEW_TICKET = "ticket_voided";
const CLOSED = "session_closed";
const CLOSABLE = "You may close this page. Open reception later to check that 0 are left.";

/** @type {HTMLDetailsElement | null} */
let box = null;
let usable = true;
let reached = true;
let signedOut = false;
let pause = AGAIN_MS;
let timer = 0;
let session = "";
let sentWithoutPage = false; // the browser sends what waits, also after this page was closed

/** What someone looks at comes first, and what is kept for later after it. @type {Promise<void>} */
const calm = new Promise((done) => {
  const idle = () => (window.requestIdleCallback ?? setTimeout)(() => done());
  if (document.readyState === "complete") idle();
  else addEventListener("load", idle, { once: true });
});

// ---- what the header says ----

/** @param {string} tag @param {string} [text] @param {Record<string, string>} [attributes] */
function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function place() {
  if (box?.isConnected) return box;
  const given = document.getElementById("connection");
  box = /** @type {HTMLDetailsElement} */ (element("details", "", { class: "menu connection" }));
  if (given) given.replaceChildren(box);
  else {
    box.id = "connection";
    (document.querySelector(".top__end") ?? document.querySelector("header"))?.prepend(box);
  }
  return box;
}

/** @param {outbox.Waiting[]} rows */
function words(rows) {
  const refused = rows.filter((one) => one.refused).length;
  const count = rows.length - refused;
  const needs = refused ? `${refused} need${refused === 1 ? "s" : ""} you` : "";
  if (!usable) return reached ? "" : "Offline";
  if (signedOut && count) return `Sign in to send ${count} sample${count === 1 ? "" : "s"}`;
  if (!reached) return ["Offline", rows.length ? `${rows.length} saved here` : ""].filter(Boolean).join(" · ");
  return [count ? `Sending ${count}` : "", needs].filter(Boolean).join(" · ");
}

export async function paint() {
  const rows = usable ? await outbox.waiting() : [];
  const text = words(rows);
  const at = place();
  at.hidden = !text;
  const shown = `${text} ${sentWithoutPage} ${rows.map((one) => one.id + one.refused).join()}`;
  if (at.dataset.words === shown) return;
  at.dataset.words = shown;
  const head = element("summary");
  head.append(element("span", text, { role: "status" }));
  const body = element("div", "", { class: "menu__body" });
  body.append(...(await said(rows)));
  at.replaceChildren(head, body);
}

/** @param {outbox.Waiting[]} rows @returns {Promise<HTMLElement[]>} */
async function said(rows) {
  const parts = [];
  if (rows.length) parts.push(element("p", `Saved on this tablet and sent automatically. ${sentWithoutPage ? CLOSABLE : "Keep this page open until 0 are left."}`));
  if (signedOut) {
    const line = element("p");
    line.append(element("a", "Sign in", { href: `/sign-in?next=${encodeURIComponent(location.pathname)}`, class: "button" }));
    parts.push(line);
  }
  if (session && usable) parts.push(element("p", `${await outbox.codesLeft(session)} tickets left on this tablet.`, { class: "muted" }));
  if (!(await navigator.storage?.persisted?.().catch(() => false))) {
    parts.push(element("p", "This browser may clear what is saved here once it is closed.", { class: "muted" }));
  }
  const list = element("ul");
  for (const one of rows) list.append(line(one));
  if (rows.length) parts.push(list);
  return parts;
}

/** @param {outbox.Waiting} one */
function line(one) {
  const item = element("li");
  const time = new Date(one.at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  item.append(element("b", one.label), ` ${time} `, element("span", one.refused ? "Needs you" : "Waiting", { class: "muted" }));
  if (!one.refused) return item;
  item.append(element("p", one.refused));
  const open = element("button", `Open ${one.label}`, { type: "button", class: "button" });
  open.addEventListener("click", () => look(one));
  const remove = element("button", `Remove ${one.label}`, { type: "button", class: "button button--quiet" });
  remove.addEventListener("click", async () => {
    if (!remove.dataset.sure) { remove.dataset.sure = "1"; remove.textContent = `Remove ${one.label}. It is not registered`; return; }
    await outbox.forget(one.id);
    await paint();
  });
  item.append(open, remove);
  return item;
}

/** @param {outbox.Waiting} one */
function look(one) {
  sessionStorage.setItem(OPEN, one.id);
  location.assign(one.code === CLOSED ? "/reception" : `/sessions/${one.session}/reception`);
}

// ---- sending ----

/** @type {Promise<void> | null} */
let delivering = null;
let again = false; // something came while a round was on its way

/** Have the browser wake the service worker when the network is back. False where it cannot, or not yet. */
async function askForSync() {
  try {
    const registered = /** @type {any} */ (await navigator.serviceWorker.getRegistration("/reception"));
    await registered.sync.register("mast-outbox");
    return true;
  } catch { return false; }
}

/** One round at a time, and the next one later. */
export function deliver() {
  clearTimeout(timer);
  if (delivering) again = true;
  delivering ??= round().finally(() => {
    delivering = null;
    timer = window.setTimeout(deliver, again ? 0 : pause);
    again = false;
  });
  return delivering;
}

async function round() {
  if (!usable) { reached = await outbox.reachable(); await paint(); return; }
  const outcome = (await outbox.waiting()).some((one) => !one.refused) ? await outbox.sendAll(paint) : "sent";
  reached = outcome === "silence" ? false : outcome === "sent" ? await outbox.reachable() : reached;
  signedOut = outcome === "signed out";
  if (outcome === "silence") sentWithoutPage ||= await askForSync();
  pause = outcome === "silence" ? Math.min(pause * 2, SLOWEST_MS) : AGAIN_MS;
  if (reached && session && !signedOut) await calm.then(() => outbox.refill(session)).catch(() => { /* asked again */ });
  await paint();
}

let watching = false;

/** On every page of a tablet on which samples wait. */
export async function watch() {
  if (watching) return;
  watching = true;
  usable = await works();
  addEventListener("online", () => { pause = AGAIN_MS; deliver(); });
  addEventListener("offline", () => { reached = false; paint(); });
  if (usable) await outbox.counted();
  await deliver();
}

// ---- the form ----

class Intake {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.passing = false;
    this.busy = false;
    /** @type {outbox.Waiting | null} */
    this.again = null;
    const key = /** @type {HTMLInputElement | null} */ (form.querySelector("[name=idempotency_key]"));
    if (key && !key.value) key.value = crypto.randomUUID(); // a kept form has none, so that it is not used twice
    // after everybody else who may hold it back
    document.addEventListener("submit", (event) => { if (event.target === form && !event.defaultPrevented) this.submitted(event); });
  }

  /** @param {SubmitEvent} event */
  async submitted(event) {
    if (this.passing) return;
    event.preventDefault();
    if (this.busy) return;
    this.busy = true;
    try {
      if (this.again) await this.correct(this.again);
      else if (await outbox.reachable()) this.pass(event.submitter);
      else await this.keep();
    } finally { this.busy = false; }
  }

  /** @param {HTMLElement | null} submitter */
  pass(submitter) {
    this.passing = true;
    this.form.requestSubmit(/** @type {HTMLButtonElement | null} */ (submitter));
    this.passing = false;
  }

  async keep() {
    reached = false;
    await paint();
    const wrong = usable ? missing(this.form, !!(await outbox.about(session))?.individual) : "";
    if (wrong) { problem("There is a problem", wrong); return; }
    const ticket = usable ? await outbox.keep(session, await entriesOf(this.form)) : null;
    if (!ticket) {
      problem("The server does not answer", `${usable ? "This tablet has no tickets left" : "This browser cannot keep samples"}. What you typed is still here. Try again when you are online.`);
      return;
    }
    this.form.dispatchEvent(new Event("mast:saved", { bubbles: true }));
    sentWithoutPage = await askForSync();
    await paint();
    const known = await outbox.about(session);
    showTicket(ticket, this.form, Math.abs(known.offset) > CLOCK_OFF_S ? known.offset : 0);
  }

  /** @param {outbox.Waiting} one */
  async correct(one) {
    const entries = await entriesOf(this.form);
    if (one.code === "personal_data") entries.push(["personal_data_checked", "true"]);
    await outbox.corrected(one, entries, one.code === NEW_TICKET);
    this.form.dispatchEvent(new Event("mast:saved", { bubbles: true }));
    this.again = null;
    pause = AGAIN_MS;
    await deliver();
    location.assign(`/sessions/${session}/reception`);
  }

  /** A sample the server did not take is opened in its form again, with the reason. */
  async reopen() {
    const id = sessionStorage.getItem(OPEN);
    sessionStorage.removeItem(OPEN);
    const one = id ? (await outbox.waiting()).find((row) => row.id === id) : null;
    if (!one) return;
    fill(this.form, (await outbox.opened(one)).entries, NO_LOOK);
    if (one.session === session) this.again = one;
    problem(`Sample ${one.label} needs you`, one.refused);
  }
}

/** What the server would refuse for certain, said while the client is still there. @param {HTMLFormElement} form @param {boolean} individual */
function missing(form, individual) {
  const sent = new FormData(form);
  if (form.elements.namedItem("form") && !sent.get("form")) return "Choose what it looks like.";
  const told = individual && (sent.get("submitter_type") || "public") === "public";
  const needed = ["consent_analysis", ...(told ? ["consent_age_18_attested", "consent_understands_not_safe"] : [])];
  const open = !sent.get("consent_all") && needed.some((name) => sent.get(name) !== "yes");
  return open ? "You need consent to test this sample. Ask for it, or do not take the sample." : "";
}

async function begin(/** @type {Intake} */ intake) {
  await watch();
  if (!usable) {
    problem("Offline intake does not work in this browser", "Samples cannot be saved on this tablet. Use a normal window and https.");
    return;
  }
  navigator.storage?.persist?.().catch(() => false);
  await intake.reopen();
  if ("serviceWorker" in navigator) await shelter().catch(() => { /* the outbox works without it while the page is open */ });
}

async function shelter() {
  if (!reached) return;
  await calm;
  const sync = "SyncManager" in window;
  for (const scope of ["/reception", `/sessions/${session}/reception`]) {
    await navigator.serviceWorker.register(`/reception/sw.js${sync ? "?sync=1" : ""}`, { scope, type: sync ? "module" : "classic" });
  }
  const registered = await navigator.serviceWorker.getRegistration(`/sessions/${session}/reception`);
  const worker = registered?.installing ?? registered?.waiting ?? registered?.active;
  worker?.postMessage({ keep: session });
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const form of root.querySelectorAll("form[data-intake]:not([data-offline-ready])")) {
    form.setAttribute("data-offline-ready", "");
    session = /\/sessions\/([0-9a-f-]{36})\//.exec(/** @type {HTMLFormElement} */ (form).action)?.[1] ?? "";
    begin(new Intake(/** @type {HTMLFormElement} */ (form)));
  }
}
