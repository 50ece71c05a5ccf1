// A photo is made small on the device: at most 1,600 pixels and 400 kB, drawn again, so that nothing the camera wrote beside it is
// sent. The field has a name once that is done, and not before.

const LONGEST = 1600;
const LARGEST = 400_000;

/** @param {File} file @returns {Promise<Blob | null>} */
async function small(file) {
  const bitmap = await createImageBitmap(file);
  for (let longest = LONGEST; longest >= 400; longest /= 1.4) {
    const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    for (const quality of [0.85, 0.7, 0.55]) {
      /** @type {Blob | null} */
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
      if (blob && blob.size <= LARGEST) return blob;
    }
  }
  return null;
}

/** @param {HTMLInputElement} field @param {HTMLElement} word */
async function chosen(field, word) {
  field.removeAttribute("name");
  const file = field.files?.[0];
  if (!file) { word.textContent = "Photo"; return; }
  word.textContent = "Photo …";
  const blob = await small(file).catch(() => null);
  if (!blob) {
    field.value = "";
    word.textContent = "Not a photo";
    return;
  }
  const one = new DataTransfer();
  one.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
  field.files = one.files;
  field.name = "photo";
  word.textContent = "Photo added";
  field.closest(".tile, .button")?.classList.add("chosen");
  if (field.dataset.photo === "send") field.form?.requestSubmit();
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const found of root.querySelectorAll("[data-photo]:not([data-ready])")) {
    const field = /** @type {HTMLInputElement} */ (found);
    const word = /** @type {HTMLElement | null} */ (field.parentElement?.querySelector("[data-photo-word]"));
    field.setAttribute("data-ready", "");
    if (word) field.addEventListener("change", () => chosen(field, word));
  }
}
