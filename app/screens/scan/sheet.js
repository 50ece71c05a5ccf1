// Opens the scanner as a sheet: a button with data-scan="id of a field". What was scanned is told to the field as the event
// "mast:scanned". Who prevents its default keeps the sheet open and says in detail.say what came of it; else the text goes into the
// field, and its form is sent.

const OPEN_WITHIN_MS = 6000;

/** @param {HTMLInputElement} field */
function open(field) {
  const dialog = document.createElement("dialog");
  dialog.className = "scan-sheet";
  dialog.setAttribute("aria-labelledby", "scan-title");
  const head = document.createElement("div");
  head.className = "scan-sheet__head";
  const title = document.createElement("h2");
  Object.assign(title, { id: "scan-title", textContent: "Scan a code" });
  const close = document.createElement("button");
  Object.assign(close, { type: "button", className: "button", textContent: "Close scanner" });
  const trouble = document.createElement("p");
  trouble.setAttribute("role", "status");
  const frame = document.createElement("iframe");
  Object.assign(frame, { src: "/scan", allow: "camera", title: "Scanner" });
  head.append(title, close, trouble);
  dialog.append(head, frame);

  const slow = setTimeout(() => {
    trouble.textContent = "The scanner did not open. Close it and type the code.";
  }, OPEN_WITHIN_MS);

  /** @param {string} text */
  const scanned = (text) => {
    const detail = { text, say: "" };
    if (!field.dispatchEvent(new CustomEvent("mast:scanned", { cancelable: true, detail }))) return detail.say;
    field.value = text;
    field.form?.requestSubmit();
    return "Opening.";
  };

  /** @param {MessageEvent} event */
  const heard = (event) => {
    if (event.origin !== location.origin || event.source !== frame.contentWindow) return;
    const { ready, type, close: wish, scanned: text } = event.data ?? {};
    if (ready) clearTimeout(slow);
    if (typeof text === "string") frame.contentWindow?.postMessage({ say: scanned(text) }, location.origin);
    if (type || wish) dialog.close();
    if (type) field.focus();
  };

  addEventListener("message", heard);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    clearTimeout(slow);
    removeEventListener("message", heard);
    dialog.remove(); // and with the frame goes the camera
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll("[data-scan]"))) {
    if (button.dataset.opens) continue;
    button.dataset.opens = "1";
    button.addEventListener("click", () => {
      const field = document.getElementById(button.dataset.scan ?? "");
      if (field instanceof HTMLInputElement) open(field);
    });
  }
}
