// What makes a link work stands in the fragment of its address, which browsers never send. It goes into the form, and off the address.

const field = /** @type {HTMLInputElement} */ (document.getElementById("link"));
if (location.hash.length > 1) {
  field.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}
if (field.value) field.closest(".field")?.setAttribute("hidden", "");
