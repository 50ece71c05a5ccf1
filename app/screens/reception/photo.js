// A photo is made small on the device: at most 1,600 pixels and 400 kB, drawn again, so that nothing the camera wrote beside it is
// sent. Behind its end stands the same as large as a list shows it; no program looks there, and the server keeps both. The field has a
// name once that is done, and not before.

const LONGEST = 1600;
const LARGEST = 400_000;
const SMALL = 264; // 44 pixels of a very sharp screen, twice over for what is cut off a long side

/** @param {ImageBitmap} bitmap @param {number} longest */
function drawn(bitmap, longest) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** @param {HTMLCanvasElement} canvas @param {number} quality @returns {Promise<Blob | null>} */
const written = (canvas, quality) => new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));

/** @param {File} file @returns {Promise<Blob[] | null>} the photo, and the small one */
async function small(file) {
  const bitmap = await createImageBitmap(file);
  const icon = await written(drawn(bitmap, SMALL), 0.7);
  for (let longest = LONGEST; longest >= 400; longest /= 1.4) {
    const canvas = drawn(bitmap, longest);
    for (const quality of [0.85, 0.7, 0.55]) {
      const blob = await written(canvas, quality);
      if (blob && blob.size <= LARGEST) return icon ? [blob, icon] : [blob];
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
  const blobs = await small(file).catch(() => null);
  if (!blobs) {
    field.value = "";
    word.textContent = "Not a photo";
    return;
  }
  const one = new DataTransfer();
  one.items.add(new File(blobs, "photo.jpg", { type: "image/jpeg" }));
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
