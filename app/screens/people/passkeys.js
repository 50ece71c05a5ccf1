// Passkeys: a form that first asks the browser to make or to show one, and then sends what it answered. The part of the page that holds it
// is hidden until a browser says that it can.

const KNOWN = typeof PublicKeyCredential === "function" && "parseRequestOptionsFromJSON" in PublicKeyCredential;

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-passkey]"))) {
  if (!KNOWN) break;
  document.getElementById(form.dataset.passkeyPart ?? "")?.removeAttribute("hidden");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form).catch((error) => {
      if (error.name !== "NotAllowedError") form.submit(); // else the person closed the browser's question; what is wrong the server says
    });
  });
}

/** @param {HTMLFormElement} form */
async function ask(form) {
  const asked = await fetch(form.dataset.passkey ?? "", { method: "POST", headers: { Accept: "application/json" } });
  if (!asked.ok) return form.submit(); // the server says why on the page that follows
  const options = await asked.json();
  const credential = "user" in options
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem(form.dataset.passkeyField ?? "answer"));
  field.value = JSON.stringify(/** @type {PublicKeyCredential} */ (credential).toJSON());
  form.submit();
}
