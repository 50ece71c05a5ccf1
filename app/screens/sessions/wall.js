// The wall asks every ten seconds. Its token stands in the fragment of the address, which browsers never send: it goes in the
// body of a POST. What is older than 30 seconds is said to be, large; where the token has ended, nothing is shown any more.

const EVERY_MS = 10_000;
const STALE_MS = 30_000;

const stale = /** @type {HTMLElement} */ (document.getElementById("stale"));
let heard = Date.now();
let ended = false;

function token() {
  try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; }
}

async function look() {
  const main = /** @type {HTMLElement} */ (document.getElementById("wall"));
  if (!token() || ended) return;
  try {
    const answer = await fetch(main.dataset.wall ?? "", { method: "POST", body: new URLSearchParams({ token: token() }), signal: AbortSignal.timeout(EVERY_MS), credentials: "omit" });
    if (!answer.ok && answer.status !== 404) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("wall");
    if (!fresh) return;
    main.replaceWith(document.adoptNode(fresh));
    ended = answer.status === 404;
    heard = Date.now();
  } catch { /* no network: the clock below says how old this is */ }
}

function judge() {
  stale.hidden = ended || !token() || Date.now() - heard < STALE_MS;
}

addEventListener("hashchange", () => { ended = false; look(); });
look();
setInterval(look, EVERY_MS);
setInterval(judge, 1_000);
