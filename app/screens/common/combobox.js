// Typeahead after the ARIA combobox pattern (list autocomplete, focus stays in the field). Choices become chips
// with hidden inputs; the street name that stood in the list, and words someone keeps as typed, are data too.

const WAIT_MS = 120;
let serial = 0;

/** @typedef {{id: string, label: string, hint?: string, kind?: string, said?: string}} Option */

/** @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {Record<string, string>} attributes @param {string} [text] @returns {HTMLElementTagNameMap[K]} */
export function make(tag, attributes, text) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

export class Combobox {
  /** @param {HTMLElement} field */
  constructor(field) {
    this.field = field;
    this.input = /** @type {HTMLInputElement} */ (field.querySelector("input.input"));
    this.chips = /** @type {HTMLElement} */ (field.querySelector(".chips, .picks"));
    this.source = field.dataset.source ?? "";
    this.name = field.dataset.name ?? "";
    this.freeName = field.dataset.freeName ?? `${this.name}_words`;
    this.single = field.dataset.single !== undefined;
    /** @type {Option[]} */
    this.options = [];
    this.active = -1;
    this.asked = 0;
    this.timer = 0;
    this.stays = false; // where the list covers nothing it stays while something else is tapped

    const id = `combobox-${++serial}`;
    const label = field.querySelector("label")?.textContent?.trim() ?? "";
    this.list = make("ul", { id, class: "combobox__list", role: "listbox", "aria-label": label, hidden: "" });
    this.status = make("p", { class: "visually-hidden", role: "status" });
    this.input.after(this.list, this.status);
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id,
    })) this.input.setAttribute(name, value);

    this.input.addEventListener("input", () => this.ask());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.left());
    // pressing must not take the focus away before the click arrives
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const item = /** @type {Element} */ (event.target).closest("[role=option]");
      if (item) this.choose([...this.list.children].indexOf(item));
    });
    this.chips.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("li button");
      if (button) this.remove(/** @type {HTMLElement} */ (button.closest("li")));
    });
    if (document.activeElement === this.input) this.ask(); // they typed before this script had arrived
  }

  /** The field was left. */
  left() { if (!this.stays) this.close(); }

  ask() {
    clearTimeout(this.timer);
    const words = this.input.value.trim();
    if (!words) { this.close(); return; }
    this.timer = window.setTimeout(async () => {
      const turn = ++this.asked;
      const url = new URL(this.source, location.href);
      url.searchParams.set("q", words);
      try {
        const answer = await fetch(url, { headers: { Accept: "application/json" } });
        const body = answer.ok ? await answer.json() : [];
        if (turn !== this.asked) return; // an older answer arrived late
        this.show(Array.isArray(body) ? body : body.items ?? []);
      } catch {
        this.close("No suggestions without the network. Names are saved as typed.");
      }
    }, WAIT_MS);
  }

  /** @param {Option[]} options */
  show(options) {
    this.options = options;
    this.active = -1;
    this.list.replaceChildren(...options.map((option, i) => {
      const item = make("li", { id: `${this.list.id}-${i}`, role: "option", "aria-selected": "false" });
      item.append(make("span", { class: "name" }, option.label));
      const hint = option.kind === "ambiguous" ? `means several things${option.hint ? `: ${option.hint}` : ""}` : option.hint;
      if (hint) item.append(make("span", { class: "second" }, hint));
      return item;
    }));
    const open = options.length > 0 && (this.stays || document.activeElement === this.input);
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    this.input.removeAttribute("aria-activedescendant");
    this.status.textContent = options.length === 0
      ? "No suggestion. Press Enter to keep the words as typed."
      : `${options.length} suggestion${options.length === 1 ? "" : "s"}`;
  }

  /** @param {string} [words] */
  close(words = "") {
    this.asked++; // an answer on its way is no longer wanted
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.status.textContent = words;
  }

  /** @param {number} step */
  move(step) {
    const count = this.options.length;
    if (this.list.hidden || count === 0) { this.ask(); return; }
    this.active = (this.active + step + count + (this.active < 0 && step < 0 ? 1 : 0)) % count;
    [...this.list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === this.active)));
    const item = this.list.children[this.active];
    this.input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    switch (event.key) {
      case "ArrowDown": event.preventDefault(); this.move(1); break;
      case "ArrowUp": event.preventDefault(); this.move(-1); break;
      case "Escape":
        if (!this.list.hidden) { event.preventDefault(); this.close(); }
        break;
      case "Enter": // with words in the field Enter never sends the form: a half-filled sample is worse than one more tap
        if (!this.list.hidden && this.active >= 0) { event.preventDefault(); this.choose(this.active); }
        else if (this.input.value.trim()) { event.preventDefault(); this.keepWords(); }
        break;
      case "Backspace":
        if (!this.input.value && this.chips.matches(".chips") && this.chips.lastElementChild) this.remove(/** @type {HTMLElement} */ (this.chips.lastElementChild));
        break;
    }
  }

  /** @param {number} index */
  choose(index) {
    const option = this.options[index];
    if (!option) return;
    this.put(option);
    this.clear(`${option.label} chosen`);
  }

  /** What was chosen, with the street name that stood beside it: never the letters typed so far. @param {Option} option */
  put(option) {
    if ([...this.chips.querySelectorAll("input")].some((i) => i.name === this.name && i.value === option.id)) return;
    const chip = make("li", {});
    chip.append(make("span", { class: "name" }, option.label));
    if (option.said) chip.append(make("span", { class: "said" }, `“${option.said}”`), make("input", { type: "hidden", name: this.freeName, value: option.said }));
    chip.append(make("input", { type: "hidden", name: this.name, value: option.id }));
    this.add(chip, option.label);
  }

  keepWords() {
    const words = this.input.value.trim();
    const chip = make("li", { class: "is-free" });
    chip.append(make("span", {}, `“${words}”`), make("input", { type: "hidden", name: this.freeName, value: words }));
    this.add(chip, words);
    this.clear(`${words} kept as words`);
  }

  /** @param {HTMLElement} chip @param {string} label */
  add(chip, label) {
    chip.append(make("button", { type: "button", "aria-label": `Remove ${label}` }, "Remove"));
    if (this.single) this.chips.replaceChildren(chip);
    else this.chips.append(chip);
    this.changed();
  }

  /** @param {HTMLElement} chip */
  remove(chip) {
    chip.remove();
    this.input.focus();
    this.status.textContent = "Removed";
    this.changed();
  }

  /** @param {string} words */
  clear(words) {
    this.input.value = "";
    this.close(words);
    this.input.focus();
  }

  changed() { this.field.dispatchEvent(new CustomEvent("mast:chosen", { bubbles: true })); }
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const field of root.querySelectorAll("[data-combobox]:not([data-ready])")) {
    field.setAttribute("data-ready", "");
    new Combobox(/** @type {HTMLElement} */ (field));
  }
}
