// Files to the server, each by itself as a raw body, so that one bad file never spoils the others.
// XMLHttpRequest and not fetch: only it tells how far an upload has come.

const AT_ONCE = 2; // a tent's network is better used by two than by twenty

/** @param {File} file */
function size(file) {
  return file.size < 1e6 ? `${Math.max(1, Math.round(file.size / 1e3))} kB` : `${(file.size / 1e6).toFixed(1)} MB`;
}

/** @param {XMLHttpRequest} request @returns {any} */
function answer(request) {
  try { return JSON.parse(request.responseText); } catch { return {}; }
}

/** @param {HTMLElement} row @param {string} state @param {string} text @param {string} [href] */
function outcome(row, state, text, href) {
  row.dataset.state = state;
  row.querySelector("progress")?.remove();
  const line = /** @type {HTMLElement} */ (row.querySelector(".outcome"));
  line.textContent = text;
  // only a path on this server becomes a link
  if (href?.startsWith("/") && !href.startsWith("//")) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = "Open";
    line.append(" ", link);
  }
}

class Uploader {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.list = /** @type {HTMLElement} */ (form.querySelector(".uploads"));
    /** @type {(() => void)[]} */
    this.queue = [];
    this.running = 0;
    const input = /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]"));
    const take = () => { this.add(input.files); input.value = ""; };
    input.addEventListener("change", take);
    if (input.files?.length) take(); // chosen before this script arrived
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("is-over"); });
    form.addEventListener("dragleave", () => form.classList.remove("is-over"));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("is-over");
      this.add(event.dataTransfer?.files);
    });
  }

  /** @param {FileList | null | undefined} files */
  add(files) {
    for (const file of files ?? []) {
      const row = document.createElement("li");
      const name = row.appendChild(document.createElement("span"));
      name.textContent = file.name;
      const weight = row.appendChild(document.createElement("span"));
      weight.className = "muted num";
      weight.textContent = size(file);
      const progress = row.appendChild(document.createElement("progress"));
      progress.max = 1;
      progress.value = 0;
      progress.setAttribute("aria-label", `Uploading ${file.name}`);
      const line = row.appendChild(document.createElement("span"));
      line.className = "outcome";
      line.textContent = "Waiting";
      this.list.append(row);
      // one key per file and not per try: a repeated try is recognised as the same upload
      const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(16).slice(2)}`;
      this.queue.push(() => this.send(file, row, key));
    }
    this.next();
  }

  next() {
    while (this.running < AT_ONCE && this.queue.length) {
      this.running++;
      this.queue.shift()?.();
    }
  }

  /** @param {File} file @param {HTMLElement} row @param {string} key */
  send(file, row, key) {
    const line = /** @type {HTMLElement} */ (row.querySelector(".outcome"));
    const url = new URL(this.form.dataset.uploadUrl ?? "", location.href);
    url.searchParams.set("filename", file.name);
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    line.textContent = "Uploading";
    request.upload.addEventListener("progress", (event) => {
      const progress = row.querySelector("progress");
      if (progress && event.lengthComputable) progress.value = event.loaded / event.total;
    });
    request.upload.addEventListener("load", () => { line.textContent = "Received, being read"; });
    request.addEventListener("load", () => {
      const body = answer(request);
      if (request.status < 300) {
        outcome(row, "done", body.message ?? "Uploaded", body.href ?? body.url);
        const detail = { filename: file.name, answer: body };
        this.form.dispatchEvent(new CustomEvent("mast:uploaded", { bubbles: true, detail }));
      } else {
        outcome(row, "problem", [body.detail ?? body.title ?? "The file was not taken. Your other files are unharmed.", body.hint].filter(Boolean).join(" "));
      }
    });
    request.addEventListener("error", () => {
      outcome(row, "problem", "The server did not answer. The file is unharmed on this machine.");
      const again = document.createElement("button");
      again.type = "button";
      again.className = "button button--small";
      again.textContent = "Try again";
      again.addEventListener("click", () => { again.remove(); this.queue.push(() => this.send(file, row, key)); this.next(); });
      row.append(again);
    });
    request.addEventListener("loadend", () => { this.running--; this.next(); });
    request.send(file);
  }
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const form of root.querySelectorAll("form[data-upload-url]:not([data-ready])")) {
    form.setAttribute("data-ready", "");
    new Uploader(/** @type {HTMLFormElement} */ (form));
  }
}
