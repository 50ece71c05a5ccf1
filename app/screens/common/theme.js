// Runs before the first paint (a classic script in <head>), so that a dark page never flashes light.
// Remembers two words on this device, theme and text size: nothing about a person.
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  /** @param {string} key @returns {string} */
  function recall(key) {
    try { return localStorage.getItem(key) ?? ""; } catch { return ""; } // private windows may refuse
  }
  /** @param {string} key @param {string} value */
  function remember(key, value) {
    try { value ? localStorage.setItem(key, value) : localStorage.removeItem(key); } catch { /* for this page only, then */ }
  }
  /** @param {"theme" | "text"} name @param {string} value */
  function show(name, value) {
    if (value) root.dataset[name] = value;
    else delete root.dataset[name];
    for (const button of document.querySelectorAll(`[data-set-${name}]`)) {
      button.setAttribute("aria-pressed", String(button.getAttribute(`data-set-${name}`) === value));
    }
    window.dispatchEvent(new CustomEvent("mast:theme")); // plots draw on canvas and must redraw
  }

  const allowed = { theme: ["light", "dark", "sun"], text: ["large", "largest"] };
  for (const name of /** @type {const} */ (["theme", "text"])) {
    const value = recall(`mast.${name}`);
    const start = allowed[name].includes(value) ? value : "";
    show(name, start);
    document.addEventListener("DOMContentLoaded", () => show(name, root.dataset[name] ?? ""));
    document.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest?.(`[data-set-${name}]`);
      if (!button) return;
      const chosen = button.getAttribute(`data-set-${name}`) ?? "";
      remember(`mast.${name}`, chosen);
      show(name, chosen);
    });
  }

  // a menu closes by Escape and by a click elsewhere
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (open) { open.removeAttribute("open"); open.querySelector("summary")?.focus(); }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(/** @type {Node} */ (event.target))) menu.removeAttribute("open");
    }
  });
})();
