// What they think it is: chips to tick, and while someone types, suggestions in their place. What is kept as words spoken is the
// street name that stood in the list, or what someone kept as typed. The letters typed before a choice are never kept.

import { Combobox, make } from "../common/combobox.js";

const SHOWN = 6; // what two rows hold
const KEEP = { id: "", label: "", kind: "keep" };

/** @typedef {import("../common/combobox.js").Option} Option */

export class Said extends Combobox {
  /** @param {HTMLElement} field */
  constructor(field) {
    super(field);
    this.list.className = "said__list";
    this.stays = true; // what is typed is not chosen yet
    this.chips.addEventListener("change", (event) => this.ticked(/** @type {HTMLInputElement} */ (event.target)));
    this.input.form?.addEventListener("submit", (event) => this.held(event));
    for (const words of this.chips.querySelectorAll("[data-of]")) this.join(words);
  }

  /** A form that is shown again has one chip for what was chosen and the street name it was chosen by. @param {Element} words */
  join(words) {
    const id = words.getAttribute("data-of") ?? "", said = words.querySelector("input")?.value;
    const label = [...this.chips.querySelectorAll("input")].find((box) => box.name === this.name && box.value === id)?.closest("label");
    words.remove();
    this.put({ id, label: label?.querySelector(".name")?.textContent ?? id, said });
  }

  /** @param {Option[]} options */
  show(options) {
    const typed = this.input.value.trim();
    const shown = options.slice(0, SHOWN);
    super.show(typed ? [...shown, { ...KEEP, label: `Keep “${typed}” as typed` }] : shown);
    [...this.list.children].forEach((item, i) => this.dress(item, this.options[i]));
    if (typed && this.status.textContent) this.status.textContent = `${shown.length} suggestion${shown.length === 1 ? "" : "s"}. Or keep the words as typed.`;
  }

  /** A suggestion as a chip. @param {Element} item @param {Option} option */
  dress(item, option) {
    item.classList.add("chip");
    if (option.kind === "keep") item.classList.add("is-free");
    const second = item.querySelector(".second");
    if (!second) return;
    if (option.kind === "alias" || option.kind === "intent" || option.kind === "clash") second.className = "said__words";
    else second.remove();
  }

  /** @param {number} index */
  choose(index) {
    if (this.options[index]?.kind === "keep") this.keepWords();
    else super.choose(index);
  }

  /** @param {Option} option */
  put(option) {
    const there = [...this.chips.querySelectorAll("input")].find((box) => box.name === this.name && box.value === option.id);
    const chip = there?.closest("label") ?? this.chip(this.name, option.id, option.label);
    const box = /** @type {HTMLInputElement} */ (chip.querySelector("input"));
    box.checked = true;
    chip.querySelectorAll(".said__words, input[type=hidden]").forEach((old) => old.remove());
    if (option.said) {
      chip.append(make("span", { class: "said__words" }, `“${option.said}”`), make("input", { type: "hidden", name: this.freeName, value: option.said }));
    }
    this.ticked(box);
  }

  keepWords() {
    const words = this.input.value.trim();
    const chip = this.chip(this.freeName, words, `“${words}”`);
    chip.classList.add("is-free");
    this.ticked(/** @type {HTMLInputElement} */ (chip.querySelector("input")));
    this.clear(`${words} kept as typed`);
  }

  /** @param {string} name @param {string} value @param {string} text */
  chip(name, value, text) {
    const chip = make("label", { class: "chip" });
    const box = make("input", { type: "checkbox", name, value });
    box.checked = true;
    chip.append(box, make("span", { class: "name" }, text));
    this.chips.prepend(chip);
    return chip;
  }

  /** Unknown goes with nothing else, and words go with their chip. @param {HTMLInputElement} box */
  ticked(box) {
    for (const words of box.closest("label")?.querySelectorAll("input[type=hidden]") ?? []) /** @type {HTMLInputElement} */ (words).disabled = !box.checked;
    if (box.checked) {
      const unknown = box.name === "intent";
      for (const other of this.chips.querySelectorAll("input[type=checkbox]")) {
        const one = /** @type {HTMLInputElement} */ (other);
        if (one !== box && one.checked && (unknown || one.name === "intent")) { one.checked = false; this.ticked(one); }
      }
      if (unknown && this.input.value) { this.input.value = ""; this.close(); } // without the keyboard of a tablet
    }
    this.changed();
  }

  /** Letters that nobody chose or kept are asked about before the form is sent. @param {SubmitEvent} event */
  held(event) {
    const typed = this.input.value.trim();
    if (!typed || this.list.hidden || event.defaultPrevented) return;
    const exact = this.options.filter((one) => [one.label, one.said].some((word) => word?.toLowerCase() === typed.toLowerCase()));
    if (exact.length === 1 && exact[0].kind !== "ambiguous") { this.choose(this.options.indexOf(exact[0])); return; }
    if (this.options.length === 1) { this.keepWords(); return; } // nothing begins like it
    event.preventDefault();
    let ask = this.field.querySelector(".said__ask");
    if (!ask) this.input.after((ask = make("p", { class: "said__ask", role: "alert" })));
    ask.textContent = `Choose what “${typed}” means, or keep it as typed.`;
    this.input.focus();
  }

  /** @param {string} words */
  clear(words) {
    this.field.querySelector(".said__ask")?.remove();
    super.clear(words);
  }
}
