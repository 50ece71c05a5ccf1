// Samples that this tablet registered without the server: kept sealed, sent one after the other, forgotten once the server has
// acknowledged them. And the numbers and tickets it was lent for them.

import { all, count, row, sealed, timeOrderedId, unsealed, write } from "../common/device_store.js";
import { bodyOf } from "../common/filled.js";

const FEW = 30; // codes left: time to ask for more
const LEASE_MS = 600_000; // asked again after this long, to hear of tickets that were cancelled
const SILENCE_MS = 20_000;
const REACH_MS = 2_000;
const FULL = 0.8; // of the space the browser gives: photos stop
const COUNTED = "mast:waiting"; // for pages that need not open the database to know that nothing waits

/** @typedef {import("../common/filled.js").Entry} Entry */
/** @typedef {{id: string, session: string, number: number, label: string, at: number, tries: number, refused: string, code: string, sealed: any}} Waiting */
/** @typedef {{entries: Entry[], ticket: string, offset: number, wording: string, withoutTicket?: boolean}} Kept */
/** @typedef {{label: string, code: string, url: string | null, size: number, qr: string, until: string, session: string, at: number}} Ticket */

/** @returns {Promise<string>} the key this browser chose for itself */
export async function device() {
  return navigator.locks.request("mast-device", async () => {
    const there = await row("own", "device");
    if (there) return there.value;
    const value = crypto.randomUUID();
    await write(["own", { id: "device", value }]);
    return value;
  });
}

/** Does the server answer at this moment? */
export async function reachable() {
  if (!navigator.onLine) return false;
  try {
    const answer = await fetch("/health", { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(REACH_MS) });
    return answer.ok;
  } catch { return false; }
}

/** @param {string} session @returns {Promise<any[]>} codes of this session, the lowest number first */
async function codesOf(session) {
  return (await all("codes")).filter((one) => one.session === session).sort((a, b) => a.number - b.number);
}

/** @param {string} session */
export async function codesLeft(session) { return (await codesOf(session)).length; }

/** Ask for numbers and tickets where few are left; hear which were cancelled. One tab at a time. @param {string} session */
export async function refill(session) {
  await navigator.locks.request("mast-codes", async () => {
    const held = await codesOf(session);
    const about = await row("own", `session ${session}`);
    if (held.length >= FEW && about && Math.abs(Date.now() - about.askedAt) < LEASE_MS) return;
    const waiting = (await all("outbox")).filter((one) => one.session === session).map((one) => one.number);
    const asked = { device: await device(), unused: held.map((one) => one.number), waiting };
    const began = Date.now();
    const answer = await fetch(`/sessions/${session}/tablets`, {
      method: "POST", body: JSON.stringify(asked), signal: AbortSignal.timeout(SILENCE_MS), redirect: "error",
      headers: { "Content-Type": "application/json", Accept: "application/json", "Mast-By-Itself": "1" },
    });
    if (answer.ok) await store(session, held, await answer.json(), began);
  });
}

/** @param {string} session @param {any[]} held @param {any} given @param {number} began */
async function store(session, held, given, began) {
  const now = Date.now();
  const offset = (Date.parse(given.now) - (began + now) / 2) / 1000;
  const about = { id: `session ${session}`, askedAt: now, offset, wording: given.wording, name: given.session_name, individual: given.individual };
  const gone = held.filter((one) => !given.kept.includes(one.number));
  const others = (await all("codes")).filter((one) => one.session !== session && Date.parse(one.until) < now);
  const fresh = [];
  for (const one of given.codes) {
    const secret = await sealed({ code: one.code, url: one.url, size: one.size, qr: one.qr });
    fresh.push({ id: `${session} ${one.number}`, session, number: one.number, label: one.label, until: given.expires_at, sealed: secret });
  }
  await write(
    ["own", about],
    ...[...gone, ...others].map((one) => /** @type {[string, null, any]} */ (["codes", null, one.id])),
    ...fresh.map((one) => /** @type {[string, any]} */ (["codes", one])),
  );
}

/** What is known of a session: {offset, wording, name, individual}. @param {string} session */
export const about = (session) => row("own", `session ${session}`);

/** Register a sample here, with the next number and its ticket; null where none is left. @param {string} session @param {Entry[]} entries @returns {Promise<Ticket | null>} */
export async function keep(session, entries) {
  return navigator.locks.request("mast-codes", async () => {
    const [code] = await codesOf(session);
    const known = await about(session);
    if (!code || !known) return null;
    const ticket = await unsealed(code.sealed);
    const at = Date.now();
    const kept = (await photosFit()) ? entries : entries.filter(([, value]) => typeof value === "string");
    const secret = await sealed({ entries: kept, ticket: ticket.code, offset: known.offset, wording: known.wording });
    const { number, label, until } = code;
    const waiting = { id: timeOrderedId(), session, number, label, at, tries: 0, refused: "", code: "", sealed: secret };
    await write(["outbox", waiting], ["codes", null, code.id]); // both or neither: a number is used once
    await counted();
    return { label, code: ticket.code, url: ticket.url, size: ticket.size, qr: ticket.qr, until, session: known.name, at };
  });
}

async function photosFit() {
  const { usage = 0, quota = Infinity } = (await navigator.storage?.estimate?.()) ?? {};
  return usage < quota * FULL;
}

/** @returns {Promise<Waiting[]>} the oldest first */
export async function waiting() { return (await all("outbox")).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)); }

/** @param {Waiting} one @returns {Promise<Kept>} */
export const opened = (one) => unsealed(one.sealed);

/** After someone looked at it again. @param {Waiting} one @param {Entry[]} entries @param {boolean} withoutTicket */
export async function corrected(one, entries, withoutTicket) {
  const kept = await opened(one);
  await write(["outbox", { ...one, refused: "", code: "", sealed: await sealed({ ...kept, entries, withoutTicket }) }]);
}

/** @param {string} id */
export async function forget(id) { await write(["outbox", null, id]); await counted(); }

export async function counted() {
  const left = await count("outbox");
  try { localStorage.setItem(COUNTED, String(left)); } catch { /* then every page looks for itself */ }
  return left;
}

/** @typedef {"sent" | "silence" | "signed out" | "busy"} Outcome */

/** Send what waits, the oldest first, from one tab only. @param {() => void} told after each @returns {Promise<Outcome>} */
export function sendAll(told) {
  return navigator.locks.request("mast-outbox", { ifAvailable: true }, async (lock) => {
    if (!lock) return "busy";
    for (const one of await waiting()) {
      if (one.refused) continue;
      const outcome = await send(one);
      told();
      if (outcome !== "sent") return outcome;
    }
    return "sent";
  });
}

/** @param {Waiting} one @returns {Promise<Outcome>} */
async function send(one) {
  const answer = await fetch(`/sessions/${one.session}/offline-samples`, {
    method: "POST", body: await bodyFor(one), signal: AbortSignal.timeout(SILENCE_MS), redirect: "error",
    headers: { Accept: "application/json", "Idempotency-Key": one.id, "Mast-By-Itself": "1" },
  }).catch(() => null);
  if (answer?.status === 201) { await forget(one.id); return "sent"; }
  if (answer?.status === 401 || answer?.status === 403) return "signed out";
  if (!answer || answer.status >= 500 || answer.status === 408 || answer.status === 429) {
    await write(["outbox", { ...one, tries: one.tries + 1 }]);
    return "silence";
  }
  const said = await answer.json().catch(() => ({}));
  const refused = [said.detail ?? "The server did not take it.", said.hint ?? ""].join(" ").trim();
  await write(["outbox", { ...one, tries: one.tries + 1, refused, code: said.reason_code || (said.kinds?.length ? "personal_data" : "") }]);
  return "sent"; // the others are no worse for it
}

/** @param {Waiting} one */
async function bodyFor(one) {
  const kept = await opened(one);
  const body = bodyOf(kept.entries.filter(([name]) => name !== "idempotency_key"));
  const said = {
    device: await device(), number: one.number, code: kept.ticket, time: new Date(one.at).toISOString(), offset_s: kept.offset,
    wording: kept.wording, without_ticket: kept.withoutTicket ? "true" : "false",
  };
  for (const [name, value] of Object.entries(said)) body.append(`offline_${name}`, String(value));
  return body;
}
