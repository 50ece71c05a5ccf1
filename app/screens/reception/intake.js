// The form of one sample: “Yes to all three” and its three answers say the same, “More” closes once something is chosen, and the
// tab that is open says so. All of it works without this script, in more taps.

import { Said } from "./said.js";

/** @param {HTMLFormElement} form */
function consents(form) {
  const all = /** @type {HTMLInputElement | null} */ (form.querySelector("[name=consent_all]"));
  if (!all) return;
  const required = () => /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll(".statement input")]);
  form.addEventListener("change", (event) => {
    const box = /** @type {HTMLInputElement} */ (event.target);
    if (box === all) required().forEach((one) => { one.checked = all.checked && one.value === "yes"; });
    else if (box.closest(".statement")) all.checked = required().every((one) => one.checked === (one.value === "yes"));
  });
}

/** @param {HTMLFormElement} form */
function forms(form) {
  const more = /** @type {HTMLDetailsElement | null} */ (form.querySelector("[data-other-forms]"));
  if (!more) return;
  form.addEventListener("change", (event) => {
    const box = /** @type {HTMLInputElement} */ (event.target);
    if (box.name !== "form") return;
    const word = more.contains(box) ? box.closest("label")?.textContent?.trim() : "";
    const summary = more.querySelector("summary");
    const shown = more.querySelector("[data-word]");
    if (shown) shown.textContent = word || "More";
    summary?.classList.toggle("chosen", !!word);
    more.open = false;
    if (word) summary?.focus();
  });
  document.addEventListener("click", (event) => { if (!more.contains(/** @type {Node} */ (event.target))) more.open = false; });
}

/** @param {HTMLFormElement} form */
function tabs(form) {
  const mark = () => {
    for (const link of form.querySelectorAll(".tabs a")) {
      const tab = document.querySelector(/** @type {HTMLAnchorElement} */ (link).hash);
      if (tab?.matches(":target, :has(:target)")) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("hashchange", mark);
  mark();
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const form of root.querySelectorAll("form[data-sample]:not([data-ready])")) {
    form.setAttribute("data-ready", "");
    const one = /** @type {HTMLFormElement} */ (form);
    for (const field of one.querySelectorAll("[data-said]")) new Said(/** @type {HTMLElement} */ (field));
    consents(one);
    forms(one);
    tabs(one);
  }
}
