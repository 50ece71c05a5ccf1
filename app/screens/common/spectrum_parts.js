// What every plot is drawn with: uPlot itself (fetched only where a plot is), colours and dashes, the legend, axes, figures.
// Colours come from the page's tokens at every draw, so theme, print and bright sun follow by themselves.

/** @typedef {{token: string, dash: number[], width: number, label: string, fill?: boolean}} Style */

const VENDOR = new URL("../vendor/", import.meta.url);
/** Pixels on either side of a label over a curve or a stick, so that two are not read as one. */
export const GAP = 5;
const DASHES = [[7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [12, 4]];

/** @type {Promise<any> | undefined} */
let library;

/** uPlot is a classic script: it leaves a global behind. @returns {Promise<any>} */
export function uplot() {
  library ??= new Promise((resolve, reject) => {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = new URL("uPlot.min.css", VENDOR).href;
    const script = document.createElement("script");
    script.src = new URL("uPlot.iife.min.js", VENDOR).href;
    script.addEventListener("load", () => resolve(/** @type {any} */ (window).uPlot));
    script.addEventListener("error", () => { library = undefined; reject(new Error("uPlot did not load")); });
    document.head.prepend(sheet); // before our own sheets, which have the last word
    document.head.append(script);
  });
  return library;
}

let printing = false;
/** @param {boolean} on */
export function printsNow(on) { printing = on; }

/** @type {Record<string, string>} what the screen theme is exchanged for on paper */
const PAPER = { "--ink": "#000", "--muted": "#333", "--action": "#1B4F8A", "--plot-grid": "#e5e5e5", "--edge": "#777", "--plot-band": "#dde6ef" };

/** @param {string} token @returns {string} */
export function colour(token) {
  return (printing && PAPER[token]) || getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}

/** The page's own typeface, for what is written on a canvas. @returns {string} */
export const font = () => getComputedStyle(document.body).fontFamily || "sans-serif";

export const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

/** Wavenumbers as whole numbers, retention times with two places, m/z as it comes. @param {number} value @param {string} kind */
export function figure(value, kind) {
  return kind === "chromatogram" ? value.toFixed(2) : kind === "mass" ? String(Math.round(value * 1e4) / 1e4) : value.toFixed(0);
}

/** Tick labels without separators: 4000, 0.25, 5×10⁴. @param {number | null} value */
export function tick(value) {
  if (value === null) return "";
  if (Math.abs(value) < 1e4) return String(value);
  const power = Math.floor(Math.log10(Math.abs(value)));
  const digits = [...String(power)].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(d)]).join("");
  return `${Number((value / 10 ** power).toPrecision(3))}×10${digits}`;
}

/** @param {import("./spectrum.js").Series[]} series @returns {Style[]} */
export function styles(series) {
  let component = 0;
  return series.map(({ role, label }) => {
    if (role === "query") return { token: "--ink", dash: [], width: 1.6, label };
    if (role === "reference") return { token: "--action", dash: [8, 4], width: 1.6, label };
    if (role === "residual") return { token: "--muted", dash: [], width: 1.2, label };
    const n = component++ % 5;
    return { token: `--plot-${n + 1}`, dash: DASHES[n], width: 1.6, label };
  });
}

/** What is shaded: where the residual should lie, where two candidates differ. @param {import("./spectrum.js").LinePlot} plot @returns {Style[]} */
export function shades(plot) {
  const labels = [plot.expected?.label, plot.regions?.at.length ? plot.regions.label : ""];
  return labels.filter(Boolean).map((label) => ({ token: "--plot-band", dash: [], width: 9, label: String(label) }));
}

/** The legend: a piece of the line itself, then the name; with `toggle` each curve is a switch.
 * @param {Element} list @param {Style[]} shown @param {(label: string, on: boolean) => void} [toggle] @param {Set<string>} [hidden] */
export function legend(list, shown, toggle, hidden) {
  list.replaceChildren(...shown.map((style) => {
    const item = document.createElement("li");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 36 10");
    svg.setAttribute("aria-hidden", "true");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", "M0 5H36");
    line.setAttribute("stroke-width", String(style.width + 0.9));
    line.setAttribute("stroke-dasharray", style.dash.join(" "));
    line.style.stroke = `var(${style.token})`;
    svg.append(line);
    if (!toggle || style.token === "--plot-band") {
      item.append(svg, style.label);
      return item;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", String(!hidden?.has(style.label)));
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      toggle(style.label, on);
    });
    button.append(svg, style.label);
    item.append(button);
    return item;
  }));
}

/** Bands between `min` and `max`, the most prominent first: how far each stands above the higher of the two valleys beside it.
 * @param {number[]} x ascending @param {(number | null)[]} y @param {number} min @param {number} max @param {number} [least] of the whole height
 * @returns {[number, number][]} */
export function prominent(x, y, min, max, least = 0.05) {
  /** @type {[number, number][]} */
  const points = [];
  for (let i = 0; i < x.length; i++) {
    const v = y[i];
    if (x[i] >= min && x[i] <= max && v !== null && v !== undefined) points.push([x[i], v]);
  }
  const [low, high] = extent(points.map(([, v]) => v));
  /** @type {[number, number, number][]} */
  const found = [];
  for (let i = 1; i < points.length - 1; i++) {
    const top = points[i][1];
    if (top <= points[i - 1][1] || top < points[i + 1][1]) continue;
    let left = top, right = top;
    for (let k = i - 1; k >= 0 && points[k][1] <= top; k--) left = Math.min(left, points[k][1]);
    for (let k = i + 1; k < points.length && points[k][1] <= top; k++) right = Math.min(right, points[k][1]);
    const above = top - Math.max(left, right);
    if (above > least * (high - low)) found.push([points[i][0], top, above]);
  }
  return found.sort((a, b) => b[2] - a[2]).map(([at, top]) => [at, top]);
}

/** @typedef {[number, number, number, number]} Box left, top, right, bottom */
/** Labels that leave each other, the drawing and the frame alone. They come the weightiest first: of two that want a place the later goes, and
 * so does one that would stand more than `lift` above its own tip. One that is `firm` stands as high as it must.
 * @template {{x: number, tip: number, half: number, firm?: boolean}} Label
 * @param {Iterable<Label>} wanted @param {{left: number, right: number, top: number}} frame @param {{size: number, gap: number, lift: number, most: number}} room
 * @param {(left: number, right: number) => number} over where the highest of what is drawn in a stretch is, in pixels from above
 * @returns {{label: Label, box: Box}[]} */
export function placed(wanted, frame, { size, gap, lift, most }, over) {
  /** @type {{label: Label, box: Box}[]} */
  const taken = [];
  for (const label of wanted) {
    const middle = Math.min(Math.max(label.x, frame.left + label.half), frame.right - label.half);
    const left = middle - label.half, right = middle + label.half, free = Math.min(label.tip, over(left, right));
    const foot = label.firm ? Math.max(free - gap, frame.top + size) : free - gap;
    if (foot - size < frame.top || (!label.firm && label.tip - free > lift)) continue;
    const box = /** @type {Box} */ ([left, foot - size, right, foot]);
    if (taken.some(({ box: [l, t, r, b] }) => left < r && right > l && box[1] < b && foot > t)) continue;
    taken.push({ label, box });
    if (taken.length >= most) break;
  }
  return taken;
}

/** @param {{x: number[], y: number[]}} s @returns {[number[], number[]]} ascending, as uPlot wants it */
export function ascending(s) {
  const x = Array.from(s.x), y = Array.from(s.y);
  if (x.length < 2 || x[0] <= x[x.length - 1]) return [x, y];
  return [x.reverse(), y.reverse()];
}

/** A curve as it was before the server packed it: steps from point to point, on an even grid or with steps along it too.
 * @param {{x?: number[], y?: number[], grid?: [number, number], unit?: number, steps?: number[], first_x?: number, unit_x?: number, steps_x?: number[]}} line */
export function unpack(line) {
  const { grid, unit = 1, steps, first_x = 0, unit_x = 1, steps_x } = line;
  if (!steps) return;
  let height = 0, place = 0;
  if (steps_x) line.x = steps_x.map((step) => first_x + (place += step) * unit_x);
  line.y = steps.map((step) => (height += step) * unit);
  if (grid) line.x = steps.map((_, k) => grid[0] + k * grid[1]);
  delete line.steps;
  delete line.steps_x;
}

/** Curves as someone wants them: each as high as the others, or one above the other.
 * @param {import("./spectrum.js").Series[]} curves @param {{normal: boolean, offset: boolean, apart: boolean}} view @returns {import("./spectrum.js").Series[]} */
export function arranged(curves, { normal, offset, apart }) {
  const heights = curves.map((s) => Math.max(...s.y.map(Math.abs)) || 1);
  const level = curves.map((s, k) => (normal ? { ...s, y: s.y.map((v) => v / heights[k]) } : s));
  if (!offset || apart) return level;
  const [low, high] = extent(level.flatMap((s) => s.y));
  return level.map((s, k) => ({ ...s, y: s.y.map((v) => v + k * 0.35 * (high - low)) }));
}

/** What a curve has at the point nearest to a place; nothing beyond its ends.
 * @param {{x: number[], y: number[]}} s @param {number} at @returns {number | undefined} */
export function nearest(s, at) {
  const n = s.x.length, up = s.x[0] <= s.x[n - 1];
  let low = 0, high = n - 1;
  if (!n || at < Math.min(s.x[0], s.x[n - 1]) || at > Math.max(s.x[0], s.x[n - 1])) return undefined;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((s.x[middle] <= at) === up) low = middle; else high = middle;
  }
  return s.y[Math.abs(s.x[low] - at) <= Math.abs(s.x[high] - at) ? low : high];
}

/** @param {number[]} values @returns {[number, number]} */
export function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const v of values) if (Number.isFinite(v)) { if (v < low) low = v; if (v > high) high = v; }
  return low <= high ? [low, high] : [0, 1];
}

/** What both axes share. @param {string} label @param {object} [more] */
export function axis(label, more = {}) {
  const size = rem();
  return {
    label, labelSize: size * 1.35, labelGap: 2, gap: 5,
    labelFont: `${size * 0.82}px ${font()}`, font: `${size * 0.78}px ${font()}`,
    stroke: () => colour("--muted"),
    grid: { stroke: () => colour("--plot-grid"), width: 1 },
    ticks: { stroke: () => colour("--edge"), width: 1, size: 5 },
    values: (/** @type {any} */ _u, /** @type {(number | null)[]} */ splits) => splits.map(tick),
    ...more,
  };
}
