// Ticks the sample whose number was typed or whose label was scanned, and says how many there are. Without it the form does the same.

const LABEL = /\/samples\/([0-9a-f-]{36})\/?$/i;
const TICKET = /\/t#/;
const NOT_HERE = "This sample is not in the list. Nothing of it is left, or it belongs to another session.";

/** 10, #010 and 010 are one number; so are b7 and B07. @param {string} text */
const plain = (text) => text.trim().toUpperCase().replace(/^#\s*/, "").replace(/^([A-Z]*)0+(?=\d)/, "$1");

/** @param {HTMLFormElement} form */
function begin(form) {
  const boxes = /** @returns {HTMLInputElement[]} */ () => [...form.querySelectorAll("[data-number]")].map((one) => /** @type {HTMLInputElement} */ (one));
  const what = /** @type {HTMLInputElement} */ (form.querySelector("#what"));
  const said = /** @type {HTMLElement} */ (form.querySelector("#handing-said"));
  const status = document.querySelector("[data-chosen]");

  const count = () => boxes().filter((box) => box.checked).length;

  /** @param {string} text */
  function add(text) {
    const key = LABEL.exec(text)?.[1].toLowerCase();
    const box = boxes().find((one) => (key ? one.value === key : plain(one.dataset.number ?? "") === plain(text)));
    if (!box) return TICKET.test(text) ? "This is a client’s ticket. Scan the label on the bag." : NOT_HERE;
    const number = box.dataset.number;
    const row = box.closest("li");
    row?.scrollIntoView({ block: "nearest" });
    if (box.checked) return `${number} is chosen already.`;
    box.checked = true;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    return `${number} added. ${count()} chosen.`;
  }

  /** @param {string} text */
  function take(text) {
    const sentence = add(text);
    said.textContent = sentence;
    said.className = "handing__said";
    what.removeAttribute("aria-invalid");
    return sentence;
  }

  form.querySelector("[data-add]")?.addEventListener("click", (event) => {
    event.preventDefault(); // Enter in any field presses it too, also that of a scanner which types
    if (!what.value.trim()) return;
    take(what.value);
    what.value = "";
    what.focus();
  });
  what.addEventListener("mast:scanned", (event) => {
    const { detail } = /** @type {CustomEvent<{text: string, say: string}>} */ (event);
    event.preventDefault();
    detail.say = take(detail.text);
  });
  form.addEventListener("change", (event) => {
    if (/** @type {Element} */ (event.target).matches("[data-number]") && status) status.textContent = `${count()} chosen`;
  });
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (root.querySelectorAll("form[data-bags]"))) {
    if (form.dataset.begun) continue;
    form.dataset.begun = "1";
    begin(form);
  }
}
