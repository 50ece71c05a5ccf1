// Keyboard letters for the bench: data-key="s" on a link, button or file field presses it; j and k walk along
// a list marked data-key-list ("follow": open at once). Only outside of fields, and "?" turns them off
// (WCAG 2.1.4: people who dictate must not press buttons by speaking).

const STORE = "mast.keys";
let started = false;

/** @returns {boolean} */
function isOn() {
  try { return localStorage.getItem(STORE) !== "off"; } catch { return true; }
}

function toggle() {
  const off = isOn();
  try { off ? localStorage.setItem(STORE, "off") : localStorage.removeItem(STORE); } catch { /* stays as it is */ }
  const line = document.getElementById("live-status");
  if (line) line.textContent = off ? "Keyboard letters are off. ? turns them on." : "Keyboard letters are on. ? turns them off.";
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
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = /** @type {Element} */ (event.target);
  if (target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], [role=listbox], .plot__area")) return;
  if (event.key === "?") { toggle(); return; }
  if (!isOn()) return;
  const key = event.key.toLowerCase();
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
}
