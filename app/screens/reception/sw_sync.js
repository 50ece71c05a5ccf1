// Where the browser has Background Sync: what waits is sent once the network is back, also after the page was closed. The server puts
// this below sw.js, and the two are one module. Pages and this worker send under one lock, so that one of them does.

import { sendAll } from "/static/reception/outbox.js";

self.addEventListener("sync", (event) => {
  if (event.tag === "mast-outbox") event.waitUntil(sent(event.lastChance));
});

/** Failing asks the browser to try again later: nobody answers, or a page that may be closed at any time is sending. Where somebody
 * has to sign in first, the next page says so. @param {boolean} last the browser gives up after this time */
async function sent(last) {
  const outcome = await sendAll(() => {});
  if (!last && (outcome === "silence" || outcome === "busy")) throw new Error("Not everything is sent yet.");
}
