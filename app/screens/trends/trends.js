// The researcher's page, beyond what works without scripts: only the fields a figure needs, the short
// address of the question, the link and the citation on the clipboard, and a chart as PNG made here from its SVG.

/** @typedef {HTMLElement & {dataset: DOMStringMap}} Part */

const PNG_WIDTH = 1920;

/** Show the fields the chosen figure needs; what was chosen in the others stays in them. @param {HTMLFormElement} form */
function fit(form) {
  const figure = /** @type {HTMLSelectElement} */ (form.elements.namedItem("figure"));
  const show = () => {
    for (const field of form.querySelectorAll("[data-figures]")) {
      const needed = (field.getAttribute("data-figures") ?? "").split(" ").includes(figure.value);
      field.toggleAttribute("data-off", !needed);
    }
  };
  figure.addEventListener("change", show);
  show();
}

/** Empty fields and those no figure needs are not sent, so that the address stays readable. @param {HTMLFormElement} form */
function shortly(form) {
  form.addEventListener("submit", () => {
    for (const select of form.querySelectorAll("select")) {
      const unused = !select.value || select.closest("[data-off]") || (select.name === "drawn" && select.value === "auto");
      if (unused) select.disabled = true;
    }
    // after "back" the fields are there again
    window.setTimeout(() => form.querySelectorAll("select").forEach((select) => { select.disabled = false; }), 0);
  });
  window.addEventListener("pageshow", () => form.querySelectorAll("select").forEach((select) => { select.disabled = false; }));
}

/** @param {Part} page @param {string} words */
function say(page, words) {
  const line = page.querySelector("[data-trends-status]");
  if (line) line.textContent = words;
}

/** @param {Part} page @param {string} text @param {string} done */
async function copy(page, text, done) {
  try {
    await navigator.clipboard.writeText(text);
    say(page, done);
  } catch { // not allowed here (an address without https): shown, to be copied by hand
    say(page, `Copying is not allowed here. It is: ${text}`);
  }
}

/** A chart's SVG as PNG of a slide's size. @param {string} url @returns {Promise<Blob>} */
async function png(url) {
  const answer = await fetch(url, { headers: { Accept: "image/svg+xml" } });
  if (!answer.ok) throw new Error();
  const source = URL.createObjectURL(new Blob([await answer.text()], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = PNG_WIDTH;
    canvas.height = Math.round((PNG_WIDTH * image.naturalHeight) / image.naturalWidth);
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((/** @type {(value: Blob | null) => void} */ done) => canvas.toBlob(done, "image/png"));
    if (!blob) throw new Error();
    return blob;
  } finally {
    URL.revokeObjectURL(source);
  }
}

/** @param {Part} page */
function saving(page) {
  page.addEventListener("click", async (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-png]");
    if (!button) return;
    try {
      const blob = await png(button.getAttribute("data-png") ?? "");
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = button.getAttribute("data-name") ?? "mast-trends.png";
      link.click();
      window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      say(page, `Saved as ${link.download}.`);
    } catch {
      say(page, "The PNG could not be made. Save the SVG instead.");
    }
  });
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const found of root.querySelectorAll("[data-trends]:not([data-ready])")) {
    const page = /** @type {Part} */ (found);
    page.setAttribute("data-ready", "");
    const form = /** @type {HTMLFormElement | null} */ (page.querySelector("[data-trends-form]"));
    if (form) { fit(form); shortly(form); }
    const link = /** @type {HTMLAnchorElement | null} */ (page.querySelector("[data-permalink]"));
    if (link) history.replaceState(history.state, "", link.href); // the question in its shortest words, to be kept or sent
    page.querySelector("[data-copy-link]")?.addEventListener("click", () => copy(page, link?.href ?? location.href, "The link is on the clipboard."));
    page.querySelector("[data-copy-citation]")?.addEventListener("click", () => copy(page, page.querySelector("[data-citation]")?.textContent ?? "", "The citation is on the clipboard."));
    saving(page);
  }
}
