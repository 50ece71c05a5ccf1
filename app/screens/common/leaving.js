// Signing out: what was typed and not saved goes, and with it the form this device kept. Samples that wait to be sent stay sealed;
// whether to leave them is asked.

import { count, all, write } from "./device_store.js";

/** @param {string} text @param {HTMLElement} dialog @param {boolean} leaves */
function choice(text, dialog, leaves) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: `button${leaves ? "" : " button--primary"}`, textContent: text });
  button.addEventListener("click", () => /** @type {HTMLDialogElement} */ (dialog).close(leaves ? "leave" : ""));
  return button;
}

/** @param {number} left @returns {Promise<boolean>} */
function sure(left) {
  const dialog = document.createElement("dialog");
  dialog.className = "leaving";
  const words = document.createElement("p");
  words.textContent = `${left} sample${left === 1 ? " is" : "s are"} still on this tablet. Stay signed in until 0 are left.`;
  dialog.append(words, choice("Stay signed in", dialog, false), " ", choice("Sign out and keep them here", dialog, true));
  dialog.setAttribute("aria-label", "Samples are not sent yet");
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "leave"); }));
}

/** @param {HTMLFormElement} form that signs out */
export async function leave(form) {
  try {
    const left = await count("outbox");
    if (left && !(await sure(left))) { delete form.dataset.leaving; return; }
    await write(["own", null, "person"], ...(await all("drafts")).map((one) => /** @type {[string, null, any]} */ (["drafts", null, one.id])));
    for (const name of await caches.keys()) await caches.delete(name);
  } catch { /* nothing is kept where nothing can be kept */ }
  form.submit();
}
