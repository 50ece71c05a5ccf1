// The scanner, in its frame: reads QR codes from the camera's picture and tells the page that opened it what they say. The browser's
// own reader does it where there is one, else zxing, which is fetched now and never before. What a code means is decided outside.

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const video = /** @type {HTMLVideoElement} */ (main.querySelector("video"));
const say = /** @type {HTMLElement} */ (main.querySelector(".scan__say"));
const torch = /** @type {HTMLButtonElement} */ (main.querySelector("[data-torch]"));
const typing = /** @type {HTMLButtonElement} */ (main.querySelector("[data-type]"));

const OURS = /\/t#[0-9A-Z-]{12,14}$|\/samples\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i; // a ticket, the label of a bag
const PAUSE_MS = 100;
const SAME_MS = 3000; // a code that stays before the camera is one code
const TYPE_AFTER_MS = 10_000;
const WIDEST = 960; // pixels: enough for a code on a bag, and quick on an old tablet

/** @type {Record<string, string>} */
const REFUSED = {
  NotAllowedError: "The camera is blocked. Allow it in this browser’s settings for this site, or type the code.",
  NotFoundError: "This device has no camera. Use a scanner, or type the code.",
  OverconstrainedError: "This device has no camera. Use a scanner, or type the code.",
  NotReadableError: "Another app is using the camera. Close that app and scan again, or type the code.",
};
const NO_CAMERA_HERE = "The camera works only over https. Open MAST at its https address, or type the code.";
const DID_NOT_START = "The scanner did not start. Close it and try again, or type the code.";

/** @param {object} message */
const tell = (message) => parent.postMessage(message, location.origin);

/** @returns {Promise<() => Promise<string[]>>} */
async function ownReader() {
  const Detector = /** @type {any} */ (window).BarcodeDetector;
  if (!Detector || !(await Detector.getSupportedFormats()).includes("qr_code")) throw new Error("none");
  const detector = new Detector({ formats: ["qr_code"] });
  return async () => (await detector.detect(video)).map((/** @type {{rawValue: string}} */ one) => one.rawValue);
}

/** @returns {Promise<() => Promise<string[]>>} */
async function zxing() {
  await new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: main.dataset.reader, onload: done, onerror: failed });
    document.head.append(script);
  });
  const reader = /** @type {any} */ (window).ZXingWASM;
  await reader.prepareZXingModule({ overrides: { locateFile: () => main.dataset.wasm }, fireImmediately: true });
  const canvas = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  return async () => {
    const scale = Math.min(1, WIDEST / video.videoWidth);
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const found = await reader.readBarcodes(pen.getImageData(0, 0, canvas.width, canvas.height), { formats: ["QRCode"] });
    return found.map((/** @type {{text: string}} */ one) => one.text);
  };
}

let last = "";
let lastAt = -SAME_MS;

/** @param {string} text */
function seen(text) {
  const same = text === last && performance.now() - lastAt < SAME_MS;
  [last, lastAt] = [text, performance.now()];
  if (same) return;
  if (OURS.test(text)) tell({ scanned: text });
  else say.textContent = "This is not a MAST ticket or label.";
}

/** @param {MediaStream} stream */
async function look(stream) {
  let own = true;
  let read = await ownReader().catch(() => { own = false; return zxing(); });
  while (stream.active) {
    if (video.readyState >= video.HAVE_CURRENT_DATA && video.videoWidth && !document.hidden) {
      try {
        (await read()).forEach(seen);
      } catch (error) { // a browser may have a reader and no service behind it
        if (!own) throw error;
        own = false;
        read = await zxing();
      }
    }
    await new Promise((done) => { setTimeout(done, PAUSE_MS); });
  }
}

/** @param {MediaStreamTrack} track */
function offerTorch(track) {
  if (!(/** @type {any} */ (track.getCapabilities?.() ?? {}).torch)) return;
  let on = false;
  torch.hidden = false;
  torch.addEventListener("click", async () => {
    on = !on;
    await track.applyConstraints(/** @type {any} */ ({ advanced: [{ torch: on }] })).catch(() => { torch.hidden = true; });
    torch.textContent = on ? "Turn torch off" : "Turn torch on";
  });
}

/** @param {string} sentence */
function refuse(sentence) {
  main.classList.add("scan--off");
  say.textContent = sentence;
  typing.hidden = false;
}

async function start() {
  if (!navigator.mediaDevices?.getUserMedia) { refuse(NO_CAMERA_HERE); return; }
  let stream;
  try {
    const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
    stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  } catch (error) {
    refuse(REFUSED[/** @type {DOMException} */ (error).name] ?? DID_NOT_START);
    return;
  }
  video.srcObject = stream;
  say.textContent = "Hold the code inside the square.";
  offerTorch(stream.getVideoTracks()[0]);
  try {
    await video.play();
    await look(stream);
  } catch {
    for (const track of stream.getTracks()) track.stop();
    refuse(DID_NOT_START);
  }
}

addEventListener("message", (event) => {
  if (event.origin !== location.origin || event.source !== parent) return;
  if (typeof event.data?.say === "string") say.textContent = event.data.say;
});
addEventListener("keydown", (event) => { if (event.key === "Escape") tell({ close: true }); });
typing.addEventListener("click", () => tell({ type: true }));
setTimeout(() => { typing.hidden = false; }, TYPE_AFTER_MS);
tell({ ready: true });
start();
