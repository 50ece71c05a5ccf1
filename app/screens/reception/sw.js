// Service worker of the reception page, and of nothing else. The server puts `const KEPT = {build, files}` above these lines
// (app/screens/reception/offline_page.py).
//
// It keeps the styles, scripts and fonts of this build, the form with nothing of any sample in it, and the names of substances.
// Nothing else is ever stored: no page as someone saw it, no queue, no ticket, no answer of any other address.

const PREFIX = "mast-reception-";
const CACHE = PREFIX + KEPT.build;
const WAIT_MS = 2_000;
const FRESH_MS = 600_000;
const WORDS = "/reception/words";
const LAST = "/reception/last";
const PAGE = /^\/sessions\/[0-9a-f-]{36}\/reception$/;
const SUGGESTED = 8;

/** Pages that were answered from here because the network was silent: what they load is not waited for. */
const sheltered = new Set();

self.addEventListener("install", (event) => event.waitUntil(files().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(begin()));
self.addEventListener("message", (event) => event.waitUntil(keep(String(event.data?.keep ?? ""), !!event.data?.now)));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (PAGE.test(url.pathname) || url.pathname === "/reception") event.respondWith(page(event, url));
  } else if (url.pathname.startsWith("/static/")) event.respondWith(file(event));
  else if (url.pathname === "/api/v1/substances") event.respondWith(suggestions(event, url));
});

async function files() {
  const cache = await caches.open(CACHE);
  const there = new Set((await cache.keys()).map((request) => new URL(request.url).pathname));
  await cache.addAll(KEPT.files.filter((path) => !there.has(path)).map((path) => new Request(path, { cache: "no-cache" })));
}

async function begin() {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}

/** Keep the form of this session as it is now. @param {string} session @param {boolean} now also where it was kept a moment ago */
async function keep(session, now) {
  const form = `/sessions/${session}/reception/kept`;
  if (!PAGE.test(`/sessions/${session}/reception`)) return;
  await files();
  const cache = await caches.open(CACHE);
  for (const address of [form, WORDS]) {
    const had = await cache.match(address);
    if (had && !now && Date.now() - Date.parse(had.headers.get("date") ?? "") < FRESH_MS) continue;
    const answer = await fetch(address, { headers: { "Mast-By-Itself": "1" }, redirect: "manual" }).catch(() => null);
    if (answer?.ok) await cache.put(address, answer);
  }
  await cache.put(LAST, new Response(session));
  for (const { url } of await cache.keys()) { // of sessions before this one
    if (url.endsWith("/reception/kept") && new URL(url).pathname !== form) await cache.delete(url);
  }
}

/** @param {Request} request @returns {Promise<Response | null>} null after two seconds, or where there is no network */
function soon(request) {
  const late = new Promise((resolve) => setTimeout(() => resolve(null), WAIT_MS));
  return Promise.race([fetch(request).catch(() => null), late]);
}

async function page(event, url) {
  const answer = await soon(event.request);
  if (answer && answer.status < 500) return answer;
  const cache = await caches.open(CACHE);
  if (url.pathname === "/reception") {
    const last = await cache.match(LAST);
    return last ? Response.redirect(`/sessions/${await last.text()}/reception`) : answer ?? fetch(event.request);
  }
  const kept = await cache.match(`${url.pathname}/kept`);
  if (!kept) return answer ?? fetch(event.request);
  sheltered.add(event.resultingClientId);
  return kept;
}

async function file(event) {
  const kept = () => caches.match(event.request, { cacheName: CACHE, ignoreSearch: true });
  if (sheltered.has(event.clientId)) return (await kept()) ?? fetch(event.request);
  const answer = await soon(event.request);
  return answer && answer.status < 500 ? answer : (await kept()) ?? answer ?? Response.error();
}

// ---- suggestions while typing: as harm_messages/register.py ranks them ----

async function suggestions(event, url) {
  const answer = sheltered.has(event.clientId) ? null : await soon(event.request);
  if (answer && answer.status < 500) return answer;
  const kept = await caches.match(WORDS, { cacheName: CACHE });
  if (!kept) return answer ?? Response.error();
  return Response.json(ranked(await kept.json(), url.searchParams.get("q") ?? ""));
}

/** @param {{typed: string, level: number, suggestion: {id: string, label: string}}[]} words @param {string} typed */
function ranked(words, typed) {
  const key = typed.toLowerCase().normalize("NFKD").replace(/[^\p{L}\p{N}]/gu, "");
  const best = new Map();
  for (const word of key ? words : []) {
    const inside = key.length >= 3 && word.typed.includes(key) ? 4 : null;
    const score = word.typed === key ? 0 : word.typed.startsWith(key) ? 2 : inside;
    if (score === null) continue;
    const place = (score + word.level) * 1000 + word.typed.length;
    if (place < (best.get(word.suggestion.id)?.place ?? Infinity)) best.set(word.suggestion.id, { place, word });
  }
  return [...best.values()].sort((a, b) => a.place - b.place).slice(0, SUGGESTED).map(({ word }) => word.suggestion);
}
