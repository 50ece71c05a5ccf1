// Files to the server, many at once, each by itself as a raw body, so that one bad file never spoils the others.
// XMLHttpRequest and not fetch: only it tells how far an upload has come.

import { Follower } from "./upload_follow.js";
import { dropped, sentenceOf } from "./upload_folders.js";
import { Row, WORDS } from "./upload_row.js";
import { packed } from "./upload_zip.js";

const AT_ONCE = 2; // a tent's network is better used by two than by twenty
const SILENT_MS = 60_000; // no byte has moved for so long: nobody is there
const PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
const TELL_MS = 400; // one sentence for a burst of changes
const UNSENT = ["waiting", "sending", "offline"];
const FINAL = [413, 415, 422]; // the file itself was refused: the same again would be refused again

/** @typedef {{file: File, row: Row, key: string, url: string, request?: XMLHttpRequest, whole?: boolean, cancelled?: boolean}} Item */
/** @typedef {import("./upload_row.js").State} State */

/** @param {XMLHttpRequest} request @returns {any} */
function answer(request) {
  try { return JSON.parse(request.responseText); } catch { return {}; }
}

/** @param {any} body @param {string} otherwise */
function said(body, otherwise) {
  return [body.detail ?? body.title ?? otherwise, body.hint].filter(Boolean).join(" ");
}

class Uploader {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.list = /** @type {HTMLElement} */ (form.querySelector(".uploads"));
    this.summary = form.querySelector(".uploads-summary");
    this.tools = form.appendChild(document.createElement("p"));
    this.tools.className = "uploads-tools";
    this.tools.hidden = true;
    this.maxBytes = Number(form.dataset.maxBytes) || Infinity;
    const { followUrl, openUrl } = form.dataset;
    this.follower = followUrl ? new Follower(followUrl, openUrl ?? "") : null;
    /** @type {Item[]} */
    this.items = [];
    /** @type {Item[]} */
    this.queue = [];
    this.running = 0;
    this.pause = PAUSE_MS;
    this.timer = 0;
    this.telling = 0;
    this.listen();
  }

  listen() {
    const input = /** @type {HTMLInputElement} */ (this.form.querySelector("input[type=file]"));
    const take = () => { for (const file of input.files ?? []) this.add(file); input.value = ""; this.next(); };
    input.addEventListener("change", take);
    if (input.files?.length) take(); // chosen before this script arrived
    this.form.addEventListener("submit", (event) => event.preventDefault());
    // a file let go beside the frame would be opened by the browser, and this page would be gone: all of it takes files
    const carries = (/** @type {DragEvent} */ event) => this.form.isConnected && !!event.dataTransfer?.types.includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      this.form.classList.add("is-over");
    });
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) this.form.classList.remove("is-over"); });
    document.addEventListener("drop", (event) => {
      this.form.classList.remove("is-over");
      if (!carries(event)) return;
      event.preventDefault();
      this.drop(/** @type {DataTransfer} */ (event.dataTransfer));
    });
    window.addEventListener("online", () => this.resume());
    window.addEventListener("beforeunload", (event) => { if (this.unsent().length) event.preventDefault(); });
  }

  /** @param {DataTransfer} data */
  async drop(data) {
    const { found, folders, left } = await dropped(data, "takesZips" in this.form.dataset);
    this.form.scrollIntoView({ block: "nearest" });
    for (const { file, path } of found) this.add(file, path);
    for (const one of left) this.row(one.name, null).set("unsent", sentenceOf(one));
    const rows = folders.map(({ name, files }) => this.row(name, files.reduce((sum, one) => sum + one.file.size, 0)));
    this.next();
    for (const [i, folder] of folders.entries()) await this.pack(folder, rows[i]);
  }

  /** A vendor's folder goes as one zip. @param {import("./upload_folders.js").Folder} folder @param {Row} row */
  async pack({ name, files }, row) {
    const bytes = files.reduce((sum, one) => sum + one.file.size, 0);
    row.set("waiting", "A vendor’s folder is one measurement. It is sent as one zip.");
    if (bytes > this.maxBytes) {
      row.set("unsent", this.tooLarge("folder"));
      return;
    }
    try {
      this.add(await packed(`${name.split("/").pop()}.zip`, files), name, row);
    } catch {
      row.set("unsent", sentenceOf({ name, why: "unreadable" }));
    }
    this.next();
  }

  /** @param {"file" | "folder"} what */
  tooLarge(what) {
    return `This ${what} is larger than the limit of ${Math.round(this.maxBytes / 1048576)} MiB. Export only the part you need, or ask the operator to raise the limit.`;
  }

  /** @param {string} name @param {number | null} bytes */
  row(name, bytes) {
    return new Row(this.list, name, bytes, () => this.tell());
  }

  /** @param {File} file @param {string} [path] @param {Row} [row] */
  add(file, path, row = this.row(path ?? file.name, file.size)) {
    // one key per file and not per try: a repeated try is recognised as the same upload
    const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(16).slice(2)}`;
    const item = { file, row, key, url: this.form.dataset.uploadUrl ?? "" };
    const twin = this.items.some((other) => same(other.file, file) && !["unsent", "cancelled", "twin"].includes(other.row.state));
    this.items.push(item);
    if (!file.size) row.set("unsent", "This file is empty. Export it again from the instrument.");
    else if (file.size > this.maxBytes) row.set("unsent", this.tooLarge("file"));
    else if (twin) {
      row.set("twin", "This file is already in the list. It was not sent again.");
      row.offer("Send it anyway", () => { this.enqueue(item); this.next(); });
    } else this.enqueue(item);
  }

  unsent() {
    return this.items.filter((item) => UNSENT.includes(item.row.state));
  }

  /** @param {Item} item */
  enqueue(item) {
    item.cancelled = false;
    item.whole = false;
    this.queue.push(item);
    item.row.set("waiting", "");
    item.row.offer("Cancel", () => this.cancel(item));
  }

  next() {
    while (!this.timer && this.running < AT_ONCE && this.queue.length) this.send(/** @type {Item} */ (this.queue.shift()));
  }

  /** @param {Item} item */
  cancel(item) {
    if (item.whole) return;
    this.queue = this.queue.filter((other) => other !== item);
    item.cancelled = true;
    if (item.request) item.request.abort();
    else this.drawBack(item);
  }

  /** @param {Item} item */
  drawBack(item) {
    item.row.set("cancelled", "You cancelled this file. It was not sent.");
    item.row.offer("Send it", () => { this.enqueue(item); this.next(); });
  }

  /** @param {Item} item */
  send(item) {
    const { file, row } = item;
    const url = new URL(item.url, location.href);
    url.searchParams.set("filename", file.name);
    const request = new XMLHttpRequest();
    item.request = request;
    this.running++;
    let silence = 0;
    const heard = () => { clearTimeout(silence); silence = window.setTimeout(() => request.abort(), SILENT_MS); };
    request.open("POST", url);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", item.key);
    row.progress.value = 0;
    row.set("sending", "");
    row.offer("Cancel", () => this.cancel(item));
    request.upload.addEventListener("progress", (event) => {
      heard();
      if (event.lengthComputable) row.progress.value = event.loaded / event.total;
    });
    // from here on the server has it, and taking it back would be a promise this page cannot keep
    request.upload.addEventListener("load", () => { heard(); item.whole = true; row.does.replaceChildren(); });
    request.addEventListener("load", () => this.answered(item, request));
    for (const failed of ["error", "abort"]) {
      request.addEventListener(failed, () => { if (item.cancelled) this.drawBack(item); else this.noAnswer(item); });
    }
    request.addEventListener("loadend", () => { clearTimeout(silence); item.request = undefined; this.running--; this.next(); });
    heard();
    request.send(file);
  }

  /** @param {Item} item @param {XMLHttpRequest} request */
  answered(item, request) {
    const { row } = item;
    const body = answer(request);
    if ([429, 502, 503, 504].includes(request.status)) { this.noAnswer(item); return; }
    this.pause = PAUSE_MS;
    if (request.status >= 300) {
      row.set("unsent", said(body, "The server could not take this file. It is still on this computer."));
      if (!FINAL.includes(request.status)) row.offer("Try again", () => { this.enqueue(item); this.next(); });
      return;
    }
    if (this.follower && body.id) {
      row.set("reading", body.message ?? "");
      this.follower.add(body.id, (state, text, link) => this.settle(item, state, text, link));
    } else {
      const href = body.href ?? body.url;
      row.set("taken", body.message ?? "", href ? { label: "Open", href } : undefined);
    }
  }

  /** @param {Item} item @param {State} state @param {string} text @param {{label: string, href: string}} [link] */
  settle(item, state, text, link) {
    if (item.row.state !== state || item.row.line.textContent !== text) item.row.set(state, text, link);
  }

  /** Nobody answered: the file keeps its place and goes again by itself, after ever longer pauses. @param {Item} item */
  async noAnswer(item) {
    item.whole = false;
    this.timer ||= window.setTimeout(() => this.resume(), this.pause);
    const gone = await item.file.slice(0, 1).arrayBuffer().then(() => false, () => true);
    if (item.cancelled) return; // in the meantime
    if (gone) {
      item.row.set("unsent", "This file was changed, moved or unplugged since you chose it. Choose it again.");
      return;
    }
    this.queue.unshift(item);
    item.row.set("offline", "The server did not answer. The file is still on this computer and will be sent again automatically.");
    item.row.offer("Try now", () => this.resume());
    item.row.offer("Cancel", () => this.cancel(item));
    if (!this.timer) this.next(); // the pause ended in the meantime
  }

  resume() {
    if (this.timer) this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    clearTimeout(this.timer);
    this.timer = 0;
    this.next();
  }

  // ---- the whole list in one line ----

  tell() {
    if (this.telling) return;
    this.telling = window.setTimeout(() => { this.telling = 0; this.say(); }, TELL_MS);
  }

  say() {
    const states = [...this.list.children].map((row) => /** @type {State} */ (/** @type {HTMLElement} */ (row).dataset.state));
    const parts = /** @type {State[]} */ (Object.keys(WORDS))
      .map((state) => [states.filter((one) => one === state).length, WORDS[state][1]])
      .filter(([n]) => n)
      .map(([n, words]) => `${n} ${words}`);
    const text = states.length ? `${states.length} ${states.length === 1 ? "file" : "files"}: ${parts.join(", ")}.` : "";
    if (this.summary && this.summary.textContent !== text) this.summary.textContent = text;
    this.offerTools(states);
  }

  /** @param {State[]} states */
  offerTools(states) {
    const unsent = states.filter((state) => UNSENT.includes(state)).length;
    const open = unsent || states.includes("reading");
    const wanted = unsent > 1 ? "Cancel all that are not sent" : !open && states.length ? "Clear this list" : "";
    this.tools.hidden = !wanted;
    if (!wanted || this.tools.textContent === wanted) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--small";
    button.textContent = wanted;
    button.addEventListener("click", () => { if (unsent > 1) this.cancelAll(); else this.clear(); });
    this.tools.replaceChildren(button);
  }

  cancelAll() {
    for (const item of this.unsent()) this.cancel(item);
  }

  clear() {
    this.list.replaceChildren();
    this.items = [];
    this.tell();
    /** @type {HTMLElement | null} */ (this.form.querySelector("input[type=file]"))?.focus();
  }
}

/** Chosen twice by accident. @param {File} a @param {File} b */
function same(a, b) {
  return a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const form of root.querySelectorAll("form[data-upload-url]:not([data-ready])")) {
    form.setAttribute("data-ready", "");
    new Uploader(/** @type {HTMLFormElement} */ (form));
  }
}
