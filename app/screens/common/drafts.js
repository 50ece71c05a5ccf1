// What is typed into a long form is kept on this device until it is saved: sealed, for this person, this object and this version.
// Every form with more than three fields (mast.js), known by its address and the hidden values that name object and version. Offered after a crash, an expired session or Back; gone once the form was
// saved, at sign-out, and after a day. Passwords, ticket codes and what someone also takes are never kept.

import { all, row, sealed, unsealed, works, write } from "./device_store.js";
import { entriesOf, fill } from "./filled.js";
import { kept } from "./mast.js";

const PAUSE_MS = 400;
const DAY_MS = 86_400_000;
const SENT = "mast:sent"; // the draft of a form whose answer has not come yet
const NEVER = /^(idempotency_key|version|password.*|.*code|ticket.*|also.*|personal_data_.*)$/;

/** @typedef {import("./filled.js").Entry} Entry */

async function person() {
  const here = document.querySelector("meta[name=person]")?.getAttribute("content");
  if (!here) return (await row("own", "person"))?.value ?? ""; // a form this device kept by itself names nobody
  await write(["own", { id: "person", value: here }]);
  return here;
}

/** @param {HTMLFormElement} form @returns {Promise<Entry[]>} */
async function typed(form) {
  const secret = new Set([...form.querySelectorAll("input[type=password]")].map((one) => /** @type {any} */ (one).name));
  return (await entriesOf(form)).filter(([name, value]) => !NEVER.test(name) && !secret.has(name) && typeof value === "string");
}

/** What the form is about. Hidden values of a chooser are what was chosen, and say nothing of that. @param {HTMLFormElement} form */
function subject(form) {
  const hidden = [...form.querySelectorAll("input[type=hidden]:not([name=idempotency_key])")].filter((one) => !one.closest("[data-combobox], [data-said]"));
  const about = hidden.map((one) => `${one.getAttribute("name")}=${one.getAttribute("value")}`);
  return form.dataset.draft ?? [form.getAttribute("action"), ...about].join(" ");
}

class Draft {
  /** @param {HTMLFormElement} form @param {string} id @param {Entry[]} empty what stood in it at first */
  constructor(form, id, empty) {
    this.form = form;
    this.id = id;
    this.empty = JSON.stringify(empty);
    this.timer = 0;
    this.over = false;
    for (const kind of ["input", "change", "mast:chosen"]) form.addEventListener(kind, () => this.soon());
    form.addEventListener("mast:saved", () => this.forget());
    document.addEventListener("submit", (event) => { if (event.target === form) this.sent(event); });
    addEventListener("pagehide", () => this.keep());
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.keep(); });
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.keep(), PAUSE_MS);
  }

  async keep() {
    clearTimeout(this.timer);
    if (this.over) return;
    const entries = await typed(this.form);
    if (JSON.stringify(entries) === this.empty) return;
    const secret = await sealed(entries);
    if (!this.over) await write(["drafts", { id: this.id, at: Date.now(), sealed: secret }]);
  }

  async forget() {
    this.over = true;
    clearTimeout(this.timer);
    await write(["drafts", null, this.id]);
  }

  /** @param {Event} event */
  sent(event) {
    if (event.defaultPrevented || this.form.matches("[hx-post], [hx-put], [hx-patch]")) return;
    try { sessionStorage.setItem(SENT, this.id); } catch { /* then the draft is offered once too often */ }
  }

  async offer() {
    const kept = await row("drafts", this.id);
    if (!kept || this.form.querySelector("[aria-invalid=true], .error") || document.querySelector("[data-error-summary]")) return;
    const entries = await unsealed(kept.sealed);
    if (JSON.stringify(entries) === this.empty) return;
    const box = document.createElement("div");
    box.className = "notice draft";
    box.setAttribute("role", "status");
    const time = new Date(kept.at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    const words = document.createElement("p");
    words.textContent = `You filled in this form at ${time} and did not save it.`;
    box.append(words, this.button(box, "Continue with it", () => fill(this.form, entries)), " ", this.button(box, "Discard it", () => write(["drafts", null, this.id])));
    this.form.before(box);
  }

  /** @param {HTMLElement} box @param {string} text @param {() => unknown} press */
  button(box, text, press) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "button", textContent: text });
    made.addEventListener("click", async () => { await press(); box.remove(); });
    return made;
  }
}

/** @type {Promise<void> | null} */
let settling = null;

/** The page that came after a form was sent: saved, unless it says otherwise. */
export function settle() {
  settling ??= settled();
  return settling;
}

async function settled() {
  const id = sessionStorage.getItem(SENT);
  const answer = /** @type {any} */ (performance.getEntriesByType("navigation")[0]);
  const refused = (answer?.responseStatus ?? 200) >= 400 || location.pathname.startsWith("/sign-in");
  const back = answer?.type === "back_forward" && kept(document).length; // no answer ever came
  // who goes on before the draft is gone takes the note along, and the next page forgets it
  if (id && !refused && !back && !document.querySelector("[data-error-summary]")) await write(["drafts", null, id]);
  sessionStorage.removeItem(SENT);
}

/** @param {HTMLFormElement} form */
async function begin(form) {
  if (!(await works())) return;
  const who = await person();
  if (!who) return;
  await settle();
  const old = (await all("drafts")).filter((one) => one.at < Date.now() - DAY_MS);
  if (old.length) await write(...old.map((one) => /** @type {[string, null, any]} */ (["drafts", null, one.id])));
  const draft = new Draft(form, `${who} ${subject(form)}`, await typed(form));
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = /** @type {CustomEvent} */ (event).detail;
    if (ctx?.sourceElement?.closest?.("form") === form && ctx.response?.status < 400) draft.forget();
  });
  await draft.offer();
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const form of kept(root).filter((one) => !one.hasAttribute("data-draft-ready"))) {
    form.setAttribute("data-draft-ready", "");
    begin(form).catch(() => { /* a page works without drafts */ });
  }
}
