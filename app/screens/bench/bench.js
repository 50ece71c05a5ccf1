// The bench's own few lines. A part of the page is never fetched anew under somebody's hands; the spectrum is
// fetched only when there is a newer one; the method chosen beside the drop zone travels with the files.

/** A form somebody began to fill in, or a fold they opened to do so. @param {Element} region */
function inUse(region) {
  for (const form of region.querySelectorAll("form[data-keep]")) {
    if (form.closest("details")?.open) return true;
    for (const field of form.querySelectorAll("input:not([type=hidden]), select, textarea")) {
      if (field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)) {
        if (field.checked !== field.defaultChecked) return true;
      } else if (field instanceof HTMLSelectElement) {
        if ([...field.options].some((option) => option.selected !== option.defaultSelected && option.defaultSelected)) return true;
      } else if (/** @type {HTMLInputElement} */ (field).value !== /** @type {HTMLInputElement} */ (field).defaultValue) return true;
    }
  }
  return false;
}

/** @param {Element} region */
function sayChanged(region) {
  if (region.querySelector(".bench-changed")) return;
  const note = document.createElement("p");
  note.className = "notice notice--info bench-changed";
  note.setAttribute("role", "status");
  note.textContent = "These findings changed elsewhere meanwhile. Reload the page to see them; what you type here is not lost until then.";
  region.prepend(note);
}

/** @param {Event} event */
function notUnderTheirHands(event) {
  const region = /** @type {Element} */ (event.target);
  if (region.id !== "bench-findings" || !inUse(region)) return;
  event.preventDefault();
  sayChanged(region);
}
document.addEventListener("htmx:config:request", notUnderTheirHands);
document.addEventListener("htmx:before:swap", notUnderTheirHands); // opened while the answer was on its way

// the list of files is live; the spectrum follows when there is a newer reading than when the page was last drawn
const newestNow = () => document.querySelector("[data-newest]")?.getAttribute("data-newest") ?? "";
let newest = newestNow();
document.addEventListener("htmx:after:swap", () => {
  if (newestNow() === newest) return;
  newest = newestNow();
  history.replaceState(null, "", location.pathname); // an older reading may have been chosen in the address
  document.body.dispatchEvent(new CustomEvent("mast:spectrum"));
});

for (const select of document.querySelectorAll("[data-upload-method]")) {
  const form = /** @type {HTMLFormElement} */ (select.closest("form"));
  const plain = form.dataset.uploadUrl ?? "";
  select.addEventListener("change", () => {
    const method = /** @type {HTMLSelectElement} */ (select).value;
    form.dataset.uploadUrl = method ? `${plain}?method=${encodeURIComponent(method)}` : plain;
  });
}

document.querySelector(".bench-list [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
