// What became of files that were received: asks the server for each until it is read, refused or needs an answer.
// A few at a time, oldest first, at once when something of a sample changed, ever less often while nothing does.

const AT_ONCE = 4;
const SOON_MS = 400;
const LATE_MS = 5_000;
const AWAY_MS = 30_000; // nobody answers

const KINDS = /** @type {Record<string, [string, string]>} */ ({
  ir: ["infrared spectrum", "infrared spectra"],
  raman: ["Raman spectrum", "Raman spectra"],
  uv: ["UV spectrum", "UV spectra"],
  mass_spectrum: ["mass spectrum", "mass spectra"],
  mass_run: ["mass run", "mass runs"],
  chromatogram: ["chromatogram", "chromatograms"],
  other: ["other curve", "other curves"],
});

/** @typedef {{id: string, kind: string, title: string, n_points: number, n_scans: number, y_unit: string, remarks: {level: string, text: string}[], description: Record<string, any>}} Reading */
/** @typedef {import("./upload_row.js").State} State */
/** @typedef {(state: State, text: string, link?: {label: string, href: string}) => void} Settle */

/** @param {number} n @param {[string, string]} words */
const counted = (n, words) => `${n.toLocaleString("en-GB")} ${words[n === 1 ? 0 : 1]}`;

/** @param {string} text */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");

/** @param {Reading[]} readings */
export function found(readings) {
  if (readings.length === 1) {
    const [one] = readings;
    const { x_first: first, x_last: last, x_unit: unit } = one.description;
    const parts = [(KINDS[one.kind] ?? KINDS.other)[0]];
    if (one.y_unit === "single beam") parts[0] = "single beam";
    if (one.n_scans > 1) parts.push(counted(one.n_scans, ["scan", "scans"]));
    else parts.push(counted(one.n_points, one.kind === "mass_spectrum" ? ["peak", "peaks"] : ["point", "points"]));
    if (typeof first === "number" && typeof last === "number" && one.kind !== "mass_spectrum") {
      const [from, to] = [first, last].map((x) => Number(x.toPrecision(6)).toString());
      parts.push(`${from} to ${to} ${String(unit ?? "").replace("cm-1", "cm⁻¹").replace("1/cm", "cm⁻¹")}`.trim());
    }
    return sentence(parts.join(", ") + (one.title ? ` (${one.title})` : ""));
  }
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const one of readings) counts.set(one.kind, (counts.get(one.kind) ?? 0) + 1);
  return sentence([...counts].map(([kind, n]) => counted(n, KINDS[kind] ?? KINDS.other)).join(", "));
}

/** @param {Reading[]} readings */
function warnings(readings) {
  const texts = readings.flatMap((one) => one.remarks.filter((remark) => remark.level === "warning").map((remark) => remark.text));
  return [...new Set(texts)];
}

/** @param {string} url @returns {Promise<any>} */
async function ask(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json", "Mast-By-Itself": "1" }, signal: AbortSignal.timeout(20_000) });
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  if (answer.status >= 500 || answer.status === 429) throw new TypeError("no answer"); // it is starting, or busy
  throw new Error([body.detail ?? body.title, body.hint].filter(Boolean).join(" "));
}

export class Follower {
  /** @param {string} address of one upload, with {id} @param {string} page where its readings are looked at */
  constructor(address, page) {
    this.address = address;
    this.page = page;
    /** @type {{id: string, settle: Settle}[]} */
    this.open = [];
    this.wait = SOON_MS;
    this.timer = 0;
    this.asking = false;
    this.again = false;
    document.body.addEventListener("mast:sample", () => this.now());
    window.addEventListener("online", () => this.now());
  }

  /** @param {string} id @param {Settle} settle */
  add(id, settle) {
    this.open.push({ id, settle });
    this.now();
  }

  now() {
    this.wait = SOON_MS;
    this.again = true;
    this.next(0);
  }

  /** @param {number} wait */
  next(wait) {
    clearTimeout(this.timer);
    if (this.open.length && !this.asking) this.timer = window.setTimeout(() => this.look(), wait);
  }

  async look() {
    this.asking = true;
    this.again = false;
    const some = this.open.splice(0, AT_ONCE);
    const settled = await Promise.all(some.map((one) => this.settled(one)));
    this.open.push(...some.filter((_, i) => settled[i] !== true)); // behind the others: one long file holds up nobody
    this.asking = false;
    if (settled.includes(true) || this.again) this.wait = SOON_MS;
    else this.wait = Math.min(this.wait * 1.5, settled.includes(null) ? AWAY_MS : LATE_MS);
    this.next(this.wait);
  }

  /** True once it is known what became of it; null when nobody answered. @param {{id: string, settle: Settle}} one */
  async settled({ id, settle }) {
    const url = this.address.replace("{id}", encodeURIComponent(id));
    try {
      const upload = await ask(url);
      if (upload.state === "waiting") {
        settle("reading", upload.message ?? "");
        return false;
      }
      if (upload.state === "read") this.read(await ask(`${url}/readings`), upload, settle);
      else this.notRead(upload, settle);
      return true;
    } catch (error) {
      if (error instanceof TypeError || /** @type {Error} */ (error).name === "TimeoutError") {
        settle("reading", "Received and stored. The server is not answering. This line updates when it does.");
        return null;
      }
      const said = /** @type {Error} */ (error).message;
      settle("taken", `Received and stored, but its result cannot be shown here. ${said}`);
      return true;
    }
  }

  /** @param {Reading[]} readings @param {any} upload @param {Settle} settle */
  read(readings, upload, settle) {
    const link = readings.length ? { label: "Open", href: `${this.page}?reading=${readings[0].id}` } : undefined;
    const texts = upload.warnings_seen_at ? [] : warnings(readings);
    if (!texts.length) { settle("done", found(readings), link); return; }
    const more = texts.length > 1 ? ` And ${counted(texts.length - 1, ["more warning", "more warnings"])}.` : "";
    settle("warning", `${found(readings)} ${sentence(texts[0])}${more}`, link);
  }

  /** @param {any} upload @param {Settle} settle */
  notRead(upload, settle) {
    const problem = upload.problem ?? {};
    const said = [problem.detail ?? upload.message, problem.hint].filter(Boolean).join(" ");
    if (upload.state === "asks") settle("asks", problem.detail ?? said, { label: "Answer", href: `#ask-${upload.id}` });
    else settle("problem", said);
  }
}
