// Asks beside a field about what in it seems to point to a person, before the form is sent: names, tents, phones.
// With the server's patterns. "Leave it out" takes it out; text that staff read may be kept, text that others read may
// not. What was typed goes nowhere: the form says which kinds were left out, and that the rest was looked at.

import data from "./nudge_patterns.js";

const WAIT_MS = 700;
const CHECKED = "personal_data_checked";
const LEFT_OUT = "personal_data_left_out";

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */
/** @typedef {{kind: string, start: number, end: number}} Found */

const patterns = data.patterns.map(([kind, pattern, anyCase]) => ({
  kind: String(kind),
  pattern: new RegExp(String(pattern), anyCase ? "gid" : "gd"),
}));
const harmless = data.harmless.map((pattern) => new RegExp(pattern, "gi"));
const like = new Map(Object.entries(data.like));

// ---- what is found: the same as personal_data.py says, and tested against it ----

/** One space for several, one spelling of quotes, and where each character stood. @param {string} text @returns {[string, number[]]} */
function plain(text) {
  let kept = "";
  const places = [];
  for (let place = 0; place < text.length; place++) {
    const read = like.get(text[place]) ?? text[place];
    if (read && (read !== " " || kept.at(-1) !== " ")) { kept += read; places.push(place); }
  }
  return [kept, places];
}

/** @param {string} digits */
function isNhsNumber(digits) {
  if (new Set(digits).size === 1) return false;
  const total = [...digits.slice(0, 9)].reduce((sum, digit, place) => sum + Number(digit) * (10 - place), 0);
  return (11 - (total % 11)) % 11 === Number(digits[9]);
}

/** @param {string} kind @param {string} text */
function counts(kind, text) {
  const digits = text.replace(/[^0-9]/g, "");
  if (kind === "nhs_number") return isNhsNumber(digits);
  if (kind !== "phone") return true;
  const most = text[0] === "+" || digits.startsWith("0044") ? 15 : 11;
  return digits.length >= 10 && digits.length <= most;
}

/** What seems to point to a person, in order. @param {string} text @param {string[]} [but] kinds that are let be @returns {Found[]} */
export function foundIn(text, but = []) {
  let [read, places] = plain(text);
  for (const pattern of harmless) read = read.replace(pattern, (match) => "\0".repeat(match.length));
  /** @type {Found[]} */
  const rows = [];
  for (const { kind, pattern } of patterns) {
    if (but.includes(kind)) continue;
    for (const match of read.matchAll(pattern)) {
      const [start, end] = /** @type {any} */ (match).indices[1] ?? /** @type {any} */ (match).indices[0];
      if (counts(kind, read.slice(start, end))) rows.push({ kind, start, end });
    }
  }
  rows.sort((a, b) => a.start - b.start || b.end - a.end);
  /** @type {Found[]} */
  const found = [];
  for (const one of rows) if (!found.length || one.start >= (found.at(-1)?.end ?? 0)) found.push(one);
  return found.map((one) => ({ kind: one.kind, start: places[one.start], end: places[one.end - 1] + 1 }));
}

/** The text without these, and without the gaps they leave. @param {string} text @param {Found[]} found */
export function leftOut(text, found) {
  for (const one of [...found].reverse()) text = `${text.slice(0, one.start)}\0${text.slice(one.end)}`;
  return text.replace(/,? *\(?\0\)?(?= *(?:[.,;!?]|(?![\s\S])))/g, "").replace(/ *\(?\0\)?/g, "").trim();
}

/** @param {string[]} kinds @param {boolean} outside */
function sentence(kinds, outside) {
  const words = [...new Set(kinds)].map((kind) => data.words[/** @type {keyof typeof data.words} */ (kind)]);
  const listed = words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words[0];
  const end = outside ? "People outside the service will read this text." : "Nothing here may identify anyone.";
  return `This looks like ${listed}. Leave it out. ${end}`;
}

// ---- what was answered ----

/** Matches someone kept, by field. @type {WeakMap<Field, Set<string>>} */
const kept = new WeakMap();
/** Kinds left out, by form. @type {WeakMap<HTMLFormElement, Set<string>>} */
const taken = new WeakMap();
/** A press that was held back, and what pressed it. @type {WeakMap<HTMLFormElement, HTMLElement | null>} */
const held = new WeakMap();

/** The field itself, and words it has put beside itself already. @param {Field} field @returns {Field[]} */
function holders(field) {
  const said = field.closest("[data-said]");
  const box = said ?? field.closest("[data-combobox]");
  const name = said ? "expected_words" : field.name;
  const words = [...(box?.querySelectorAll("input:is([type=hidden], :checked):enabled") ?? [])].filter((input) => /** @type {Field} */ (input).name === name);
  return [field, .../** @type {Field[]} */ (words)];
}

/** @param {Field} field @returns {{holder: Field, found: Found[]}[]} */
function open(field) {
  const but = (field.dataset.nudgeBut ?? "").split(" ");
  const had = kept.get(field) ?? new Set();
  return holders(field)
    .map((holder) => ({ holder, found: foundIn(holder.value, but).filter((one) => !had.has(holder.value.slice(one.start, one.end))) }))
    .filter(({ found }) => found.length > 0);
}

/** @param {HTMLFormElement} form @returns {Field[]} */
function fieldsOf(form) {
  return /** @type {Field[]} */ ([...form.elements].filter((element) => element instanceof HTMLElement && element.dataset.nudge));
}

// ---- beside the field ----

/** @param {Field} field */
function look(field) {
  const asked = open(field);
  const id = `${field.id || field.name}-nudge`;
  const there = document.getElementById(id);
  if (asked.length === 0) {
    there?.remove();
    field.removeAttribute("aria-details");
    return;
  }
  const outside = field.dataset.nudge === "outside";
  const words = sentence(asked.flatMap(({ found }) => found.map((one) => one.kind)), outside);
  if (there?.dataset.words === words) return;
  const box = document.createElement("div");
  Object.assign(box, { id, className: "nudge" });
  box.dataset.words = words;
  box.setAttribute("role", "status");
  box.appendChild(document.createElement("p")).textContent = words;
  const buttons = box.appendChild(document.createElement("p"));
  buttons.className = "nudge__buttons";
  buttons.appendChild(button("Leave it out", () => leave(field)));
  if (!outside) buttons.appendChild(button("Keep it", () => keep(field)));
  there?.remove();
  (field.closest(".field") ?? field.parentElement)?.append(box);
  field.setAttribute("aria-details", id);
}

/** @param {string} text @param {() => void} press */
function button(text, press) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "button button--small", textContent: text });
  made.addEventListener("click", press);
  return made;
}

/** @param {Field} field */
function leave(field) {
  const form = field.form;
  for (const { holder, found } of open(field)) {
    const without = leftOut(holder.value, found);
    if (form) {
      const kinds = taken.get(form) ?? new Set();
      found.forEach((one) => kinds.add(one.kind));
      taken.set(form, kinds);
    }
    holder.value = without;
    if (holder !== field) rewrite(holder);
  }
  field.dispatchEvent(new Event("input", { bubbles: true })); // a suggestion or a preview follows what stands there now
  look(field);
  field.focus();
}

/** A chip of words says what it holds; without words it goes. @param {Field} holder */
function rewrite(holder) {
  const chip = holder.closest("li, .chip");
  if (!holder.value) (chip?.classList.contains("is-free") ? chip : holder).remove();
  const said = chip?.querySelector(chip.classList.contains("is-free") ? "span" : ".said, .said__words");
  if (said) said.textContent = holder.value ? `“${holder.value}”` : "";
}

/** @param {Field} field */
function keep(field) {
  const had = kept.get(field) ?? new Set();
  for (const { holder, found } of open(field)) found.forEach((one) => had.add(holder.value.slice(one.start, one.end)));
  kept.set(field, had);
  look(field);
  const form = field.form;
  if (!form || !held.has(form)) { field.focus(); return; }
  const pressed = held.get(form);
  held.delete(form); // the press that was held back goes on; where another field is to be looked at, it is held again
  form.requestSubmit(pressed instanceof HTMLButtonElement && pressed.form === form ? pressed : undefined);
}

// ---- when ----

/** @param {EventTarget | null} target @returns {Field | null} */
function fieldOf(target) {
  return target instanceof HTMLElement && target.dataset.nudge ? /** @type {Field} */ (target) : null;
}

/** @param {HTMLFormElement} form @param {string} name @param {string} value */
function say(form, name, value) {
  form.querySelector(`input[type=hidden][name=${name}]`)?.remove();
  if (!value) return;
  const input = document.createElement("input");
  Object.assign(input, { type: "hidden", name, value });
  form.appendChild(input);
}

/** @param {SubmitEvent} event */
function submitted(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const fields = fieldsOf(form);
  if (fields.length === 0) return;
  const first = fields.find((field) => open(field).length > 0);
  if (first) {
    event.preventDefault();
    event.stopImmediatePropagation();
    held.set(form, event.submitter);
    fields.forEach(look);
    document.getElementById(`${first.id || first.name}-nudge`)?.scrollIntoView({ block: "nearest" });
    first.focus({ preventScroll: true });
    return;
  }
  const keeps = fields.some((field) => holders(field).some((one) => foundIn(one.value, (field.dataset.nudgeBut ?? "").split(" ")).length > 0));
  say(form, CHECKED, keeps ? "true" : "");
  say(form, LEFT_OUT, [...(taken.get(form) ?? [])].join(","));
}

let listening = false;
let timer = 0;
let pressing = false;
/** @type {Set<Field>} */
const waiting = new Set();

/** Nothing moves under a finger: while something is pressed, what is to be said waits. @param {Field | null} field */
function lookSoon(field) {
  if (field && pressing) waiting.add(field);
  else if (field) look(field);
}

function released() {
  pressing = false;
  window.setTimeout(() => { waiting.forEach(look); waiting.clear(); }, 0);
}

export function enhance() {
  if (listening) return; // fields that come later are heard too: everything is listened to from the document
  listening = true;
  document.addEventListener("input", (event) => {
    const field = fieldOf(event.target);
    clearTimeout(timer);
    if (field) timer = window.setTimeout(() => lookSoon(field), WAIT_MS);
  });
  document.addEventListener("change", (event) => lookSoon(fieldOf(event.target)));
  document.addEventListener("pointerdown", () => { pressing = true; }, true);
  document.addEventListener("pointerup", released, true);
  document.addEventListener("pointercancel", released, true);
  document.addEventListener("submit", submitted, true);
  for (const field of /** @type {NodeListOf<Field>} */ (document.querySelectorAll("[data-nudge]"))) {
    // they typed, or kept words as typed, before this script had arrived
    if (holders(field).some((one) => one.value !== one.defaultValue || (one instanceof HTMLInputElement && one.checked !== one.defaultChecked))) look(field);
  }
}
