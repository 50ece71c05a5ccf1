// The one script of a staff page: loads a component's module when the component is on the page,
// also after htmx has swapped it in, and says in words what went wrong with a request.

// The page of the next sample is made ready before anyone asks for it (app/screens/bench/ahead_page.py). Until someone sees it, it asks the
// server for nothing by itself but its plot, and says to nobody that someone is there.
const unseen = /** @type {{prerendering?: boolean}} */ (document).prerendering === true;
let waits = unseen;
/** @type {Promise<void>} */
export const seen = unseen ? new Promise((done) => document.addEventListener("prerenderingchange", () => { waits = false; done(); }, { once: true })) : Promise.resolve();
if (unseen) seen.then(() => document.body.dispatchEvent(new CustomEvent("mast:seen")));

// Sign-in and passwords have fewer fields than this, and no person yet.
const FIELDS_WORTH_KEEPING = 4;

/** Forms whose text is kept on this device until it is saved. @param {ParentNode} root @returns {HTMLFormElement[]} */
export function kept(root) {
  const someone = document.querySelector("meta[name=person]");
  return [...root.querySelectorAll("form[method=post]")].map((form) => /** @type {HTMLFormElement} */ (form)).filter((form) => {
    if (form.dataset.draft) return true;
    const typed = [...form.elements].filter((one) => one.matches("select, textarea, input:not([type=hidden], [type=file], [type=password])"));
    return someone && new Set(typed.map((one) => one.getAttribute("name") || one.id)).size >= FIELDS_WORTH_KEEPING;
  });
}

/** @type {[on: string | ((root: ParentNode) => unknown[]), load: () => Promise<{enhance: (root: ParentNode) => void}>][]} */
const parts = [
  ["[data-combobox]", () => import("./combobox.js")],
  ["form[data-sample]", () => import("../reception/intake.js")],
  ["[data-photo]", () => import("../reception/photo.js")],
  ["[data-cover]", () => import("../reception/ticket.js")],
  ["[data-label-size]", () => import("../reception/labels.js")],
  ["[data-upload-url]", () => import("./upload.js")],
  ["[data-spectrum]", () => import("./spectrum.js")],
  ["[data-live]", () => import("./live.js")],
  ["[data-key], [data-key-list], [data-show-keys]", () => import("./keys.js")],
  ["[data-print], [data-read-aloud]", () => import("./reading.js")],
  [kept, () => import("./drafts.js")],
  ["form[data-intake]", () => import("../reception/offline.js")],
  [".also", () => import("../ticket/also.js")],
  ["[data-trends]", () => import("../trends/trends.js")],
  ["[data-scrolls]", () => import("../trends/charts.js")],
  ["[data-scan]", () => import("../scan/sheet.js")],
  ["[data-bags]", () => import("../hand_over/hand_over.js")],
  ["[data-grid]", () => import("../worksheet/worksheet.js")],
];

// a page that is being left, or has no network, does not get its parts: that is no fault of theirs
let leaving = false;
addEventListener("beforeunload", () => { leaving = true; });
addEventListener("pageshow", () => { leaving = false; });

/** @param {unknown} error */
function unlessAway(error) { if (!leaving && navigator.onLine) throw error; }

/** @param {ParentNode} root */
async function enhance(root) {
  // all are fetched at once, a press may follow soon; they take hold in their order
  const found = parts.filter(([on]) => (typeof on === "string" ? root.querySelector(on) : on(root).length));
  const loading = found.map(([, load]) => load().catch(unlessAway));
  for (const part of loading) (await part)?.enhance(root);
  document.documentElement.setAttribute("data-enhanced", "");
  /** @type {HTMLElement | null} */ (root.querySelector("[data-error-summary]"))?.focus();
}

// what was done is told once: Back and a reload show the page without it
const told = new URL(location.href);
if (told.searchParams.has("done")) {
  told.searchParams.delete("done");
  history.replaceState(history.state, "", told);
}

enhance(document);
// `enhance` of each part passes over what it has done already, so the whole page may be offered again
document.addEventListener("htmx:after:swap", () => enhance(document));
// as heavy as all else, so it comes for the first who goes into such a field; who is faster than it is asked by the server
for (const when of ["focusin", "input"]) {
  document.addEventListener(when, (event) => {
    if (/** @type {Element} */ (event.target).matches("[data-nudge]")) import("./nudge.js").then((part) => part.enhance()).catch(unlessAway);
  });
}
// the button that hid the hints is gone with them
let hiding = false;
document.addEventListener("submit", (event) => { hiding = !!(/** @type {Element} */ (event.target).closest("#hints")); });
document.addEventListener("htmx:after:swap", () => {
  if (!hiding || document.getElementById("hints")?.childElementCount) return;
  hiding = false;
  document.getElementById("main")?.focus();
});

// someone with several roles comes back to the area they used last (app/screens/find/first_page.py)
const area = document.querySelector(".nav[data-remembers] [aria-current] .nav__label");
if (area) document.cookie = `mast-area=${encodeURIComponent(area.textContent ?? "")}; path=/; max-age=31536000; SameSite=Lax`;

// ---- what this device keeps (drafts.js, reception/outbox.js) ----

/** @param {"localStorage" | "sessionStorage"} kind @param {string} name */
function noted(kind, name) {
  try { return window[kind].getItem(name) ?? ""; } catch { return ""; } // a private window may refuse
}

seen.then(() => {
  if (Number(noted("localStorage", "mast:waiting"))) import("../reception/offline.js").then((part) => part.watch());
  if (noted("sessionStorage", "mast:sent")) import("./drafts.js").then((part) => part.settle());
});
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  // the attribute, because a field called “action” hides the property
  if (!form.getAttribute("action")?.endsWith("/sign-out") || form.dataset.leaving) return;
  event.preventDefault();
  form.dataset.leaving = "1";
  import("./leaving.js").then((part) => part.leave(form)).catch(() => form.submit());
});

// ---- requests that fail ----

/** Put a problem where the eye is: on top of the page's main part. @param {string} title @param {string} text @param {string} [signIn] address of the form */
export function problem(title, text, signIn) {
  document.getElementById("request-problem")?.remove();
  const box = document.createElement("div");
  box.id = "request-problem";
  box.className = "notice notice--problem";
  box.setAttribute("role", "alert");
  const head = box.appendChild(document.createElement("p"));
  head.className = "notice__title";
  head.textContent = title;
  box.appendChild(document.createElement("p")).textContent = text;
  if (signIn) {
    const link = box.appendChild(document.createElement("p")).appendChild(document.createElement("a"));
    link.href = signIn;
    link.textContent = "Sign in";
  }
  document.getElementById("main")?.prepend(box);
  box.scrollIntoView({ block: "nearest" });
}

// What nobody tapped or typed does not keep someone signed in (app/intake/people/signin.py), and is not asked again once they are out.
let signedOut = false;
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = /** @type {CustomEvent} */ (event).detail;
  if (waits) event.preventDefault();
  if (ctx.sourceEvent?.isTrusted) return;
  ctx.request.headers["Mast-By-Itself"] = "1";
  if (signedOut) event.preventDefault();
});

function saySignedOut() {
  signedOut = true;
  document.dispatchEvent(new Event("mast:signed-out"));
  const text = "Your session has ended. This page no longer updates. Everything you saved is kept.";
  problem("You are signed out", text, `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

document.addEventListener("htmx:before:request", () => document.getElementById("request-problem")?.remove());
document.addEventListener("htmx:before:response", (event) => {
  const { response } = /** @type {CustomEvent} */ (event).detail.ctx;
  const type = response.headers.get("content-type") ?? "";
  if (response.status < 400 || (type.startsWith("text/html") && response.status < 500)) return;
  event.preventDefault(); // a problem document or an error page must not replace a part of this page
  if (response.status === 401) { saySignedOut(); return; }
  const fallback = "Nothing you saved is lost. Try again in a moment.";
  if (!type.includes("json")) { problem("This did not work", fallback); return; }
  response.raw.json().then(
    (/** @type {{title?: string, detail?: string}} */ body) => problem(body.title ?? "This did not work", body.detail ?? fallback),
    () => problem("This did not work", fallback),
  );
});
document.addEventListener("htmx:error", (event) => {
  // nobody asked for it: a live part is fetched again by itself, and the line at the foot says how old the page is
  if (/** @type {Element} */ (event.target).matches?.("[data-live]")) return;
  const { error } = /** @type {CustomEvent} */ (event).detail;
  if (error instanceof TypeError || error?.name === "AbortError") { // the network is away, or 20 s have passed
    problem("The server did not answer", "Nothing you saved is lost. Check the network, then try again.");
  }
});
