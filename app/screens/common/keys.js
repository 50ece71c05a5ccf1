// Keyboard letters: data-key="s" (or "shift+a") on a link, button or field presses it (data-key-words says what it does, where its own words
// do not); j and k walk along a list marked data-key-list ("follow": open at once). Only outside of fields. "?" opens the list of
// the keys of this page, with the switch in it (WCAG 2.1.4: people who dictate must not press buttons by speaking). While the
// keys are off nothing answers to a letter; the list opens from the menu under the initials.

const STORE = "mast.keys";
let started = false;

/** @returns {boolean} */
function isOn() {
  try { return localStorage.getItem(STORE) !== "off"; } catch { return true; }
}

/** @param {boolean} on */
function turn(on) {
  try { on ? localStorage.removeItem(STORE) : localStorage.setItem(STORE, "off"); } catch { /* stays as it is */ }
}

/** @param {string} tag @param {string} [text] @param {Node[]} inside */
function make(tag, text = "", ...inside) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  made.append(...inside);
  return made;
}

/** What the keys of this page do, each once. @returns {[key: string, does: string][]} */
function known() {
  /** @type {Map<string, string>} */
  const found = new Map();
  if (document.querySelector("[data-key-list]")) { found.set("J", "Next"); found.set("K", "Previous"); }
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-key]"))) {
    const key = (one.dataset.key ?? "").toUpperCase();
    const copy = /** @type {HTMLElement} */ (one.cloneNode(true));
    for (const part of copy.querySelectorAll("kbd")) part.remove();
    const field = one.id ? document.querySelector(`label[for="${CSS.escape(one.id)}"]`) : null;
    const words = one.dataset.keyWords ?? one.getAttribute("aria-label") ?? (copy.textContent?.trim() || field?.textContent?.trim()) ?? "";
    if (key && !found.has(key) && words) found.set(key, words.replace(/\s+/g, " "));
  }
  return [...found, ["?", "Show these keys"], ["Esc", "Close"]];
}

/** The list, made each time: keys come and go with what is on the page. */
export function showKeys() {
  document.getElementById("keys-list")?.remove();
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog"));
  dialog.id = "keys-list";
  dialog.className = "keys-list";
  dialog.setAttribute("aria-labelledby", "keys-title");
  const title = make("h2", "Keys");
  title.id = "keys-title";
  const list = make("dl", "", ...known().map(([key, does]) => make("div", "", make("dt", "", make("kbd", key)), make("dd", does))));
  const box = /** @type {HTMLInputElement} */ (make("input"));
  box.type = "checkbox";
  box.checked = isOn();
  const state = make("p");
  state.className = "caption";
  state.setAttribute("role", "status");
  const say = () => { state.textContent = box.checked ? "" : "Keys are off. You find this list under your initials."; };
  box.addEventListener("change", () => { turn(box.checked); say(); });
  say();
  const choice = make("label", "", box, make("span", "Use keys on this device"));
  choice.className = "choice";
  const close = make("button", "Close");
  close.className = "button";
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, list, choice, state, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {number} step */
function walk(step) {
  const list = document.querySelector("[data-key-list]");
  const links = [...(list?.querySelectorAll("a[href]") ?? [])];
  const here = links.findIndex((link) => link === document.activeElement || link.hasAttribute("aria-current"));
  const next = /** @type {HTMLElement | undefined} */ (links[here + step]);
  if (!next) return;
  next.focus();
  if (list?.getAttribute("data-key-list") === "follow") next.click();
}

/** @param {KeyboardEvent} event */
function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !isOn()) return;
  const target = /** @type {Element} */ (event.target);
  if (target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], [role=listbox], dialog[open]")) return;
  if (event.key === "?") { event.preventDefault(); showKeys(); return; }
  const key = (event.shiftKey && /^[a-z]$/i.test(event.key) ? "shift+" : "") + event.key.toLowerCase();
  if (key === "j" || key === "k") { event.preventDefault(); walk(key === "j" ? 1 : -1); return; }
  if (key === "enter" && target !== document.body) return; // Enter belongs to what has the focus
  const named = /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(key)}" i]`));
  if (!named || named.matches(":disabled")) return;
  event.preventDefault();
  named.focus();
  named.click();
}

export function enhance() {
  if (started) return;
  started = true;
  document.addEventListener("keydown", press);
  document.addEventListener("click", (event) => {
    if (!(/** @type {Element} */ (event.target).closest?.("[data-show-keys]"))) return;
    document.querySelector("details.menu[open]")?.removeAttribute("open");
    showKeys();
  });
}
