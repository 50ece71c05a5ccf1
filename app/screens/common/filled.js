// What stands in a form, and putting it there again: for drafts, and for a sample that has to be looked at once more.

/** @typedef {[name: string, value: string | {file: string, type: string, data: string}, label?: string]} Entry */

/** @param {File} file @returns {Promise<Entry[1]>} */
async function asText(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return { file: file.name, type: file.type, data: btoa(text) };
}

/** @param {{file: string, type: string, data: string}} kept */
function asFile(kept) {
  return new File([Uint8Array.from(atob(kept.data), (one) => one.charCodeAt(0))], kept.file, { type: kept.type });
}

/** Names that stand in every row of a list. Those fields are told apart by their place only. @param {HTMLFormElement} form */
function namesOfRows(form) {
  const seen = new Set(), twice = new Set();
  for (const one of /** @type {Iterable<HTMLInputElement>} */ (form.elements)) {
    if (one.type === "radio" || one.type === "checkbox" || one.closest("[data-combobox], [data-said]")) continue;
    (seen.has(one.name) ? twice : seen).add(one.name);
  }
  return twice;
}

/** What a form would send. Empty fields are left out but those of rows, so that each value comes back to its own row. A chip keeps
 * the words it is shown by. @param {HTMLFormElement} form @returns {Promise<Entry[]>} */
export async function entriesOf(form) {
  const inRows = namesOfRows(form);
  /** @type {Entry[]} */
  const found = [];
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") {
      if (value || inRows.has(name)) found.push([name, value, chipOf(form, name, value)]);
    } else if (value.size) found.push([name, await asText(value)]);
  }
  return found;
}

/** @param {HTMLFormElement} form @param {string} name @param {string} value */
function chipOf(form, name, value) {
  const hidden = [...form.querySelectorAll("[data-combobox] .chips input, [data-said] .picks input")].find((one) => {
    const input = /** @type {HTMLInputElement} */ (one);
    return input.name === name && input.value === value;
  });
  if (hidden?.matches("label > input[type=hidden]")) return `“${value}”`; // the words beside what they mean
  const chip = hidden?.closest("li, label");
  return (chip?.querySelector(".name") ?? chip?.querySelector("span"))?.textContent?.trim() || undefined;
}

/** The same as a body to send. @param {Entry[]} entries */
export function bodyOf(entries) {
  const body = new FormData();
  for (const [name, value] of entries) body.append(name, typeof value === "string" ? value : asFile(value));
  return body;
}

/** Put this into a form that stands as the server made it. What the form has no field for is sent along unseen.
 * @param {HTMLFormElement} form @param {Entry[]} entries @param {string[]} [but] names to leave as they are */
export function fill(form, entries, but = []) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  for (const [name, value, label] of entries) {
    if (but.includes(name)) continue;
    const nth = seen.get(name) ?? 0;
    seen.set(name, nth + 1);
    if (typeof value === "string") put(form, name, value, label, nth);
    else putFile(form, name, value);
  }
}

/** @param {HTMLFormElement} form @param {string} name @param {string} value @param {string | undefined} label @param {number} nth */
function put(form, name, value, label, nth) {
  const fields = /** @type {HTMLInputElement[]} */ ([...form.elements].filter((one) => /** @type {any} */ (one).name === name));
  const tick = fields.find((one) => (one.type === "radio" || one.type === "checkbox") && one.value === value);
  const typed = fields.filter((one) => one.type !== "radio" && one.type !== "checkbox" && one.type !== "file");
  if (tick) tick.checked = true;
  else if (chips(form, name)) addChip(form, name, value, label ?? value);
  else if (typed[nth]) typed[nth].value = value;
  else form.append(hidden(name, value));
  (tick ?? typed[nth])?.dispatchEvent(new Event("change", { bubbles: true }));
}

/** @param {HTMLFormElement} form @param {string} name */
function chips(form, name) {
  for (const box of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-combobox], [data-said]"))) {
    if (box.dataset.name === name || (box.dataset.freeName ?? `${box.dataset.name}_words`) === name) return box.querySelector(".chips, .picks");
  }
  return null;
}

/** @param {HTMLFormElement} form @param {string} name @param {string} value @param {string} label */
function addChip(form, name, value, label) {
  const list = chips(form, name);
  const ticks = list?.matches(".picks");
  const chip = document.createElement(ticks ? "label" : list?.matches("ul, ol") ? "li" : "div");
  const words = Object.assign(document.createElement("span"), { className: "name", textContent: label });
  if (ticks) {
    chip.className = "chip";
    chip.append(Object.assign(document.createElement("input"), { type: "checkbox", name, value, checked: true }), words);
    list?.prepend(chip);
    return;
  }
  chip.append(words);
  const remove = document.createElement("button");
  Object.assign(remove, { type: "button", textContent: "Remove" });
  remove.setAttribute("aria-label", `Remove ${label}`);
  remove.addEventListener("click", () => chip.remove());
  chip.append(hidden(name, value), remove);
  list?.append(chip);
}

/** @param {string} name @param {string} value */
function hidden(name, value) {
  return Object.assign(document.createElement("input"), { type: "hidden", name, value });
}

/** @param {HTMLFormElement} form @param {string} name @param {{file: string, type: string, data: string}} kept */
function putFile(form, name, kept) {
  const field = /** @type {HTMLInputElement | null} */ (form.querySelector(`input[type=file][name="${CSS.escape(name)}"]`));
  if (!field) return;
  const held = new DataTransfer();
  held.items.add(asFile(kept));
  field.files = held.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
