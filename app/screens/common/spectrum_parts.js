// What every plot is drawn with: uPlot itself (fetched only where a plot is), colours and dashes, the legend, axes, figures.
// Colours come from the page's tokens at every draw, so theme, print and bright sun follow by themselves.

/** @typedef {{token: string, dash: number[], width: number, label: string, fill?: boolean}} Style */

const VENDOR = new URL("../vendor/", import.meta.url);
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

/** The legend: a piece of the line itself, then the name. @param {Element} list @param {Style[]} shown */
export function legend(list, shown) {
  list.replaceChildren(...shown.map((style) => {
    const item = document.createElement("li");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 36 10");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", "M0 5H36");
    line.setAttribute("stroke-width", String(style.width + 0.9));
    line.setAttribute("stroke-dasharray", style.dash.join(" "));
    line.style.stroke = `var(${style.token})`;
    svg.append(line);
    item.append(svg, style.label);
    return item;
  }));
}

/** @param {{x: number[], y: number[]}} s @returns {[number[], number[]]} ascending, as uPlot wants it */
export function ascending(s) {
  const x = Array.from(s.x), y = Array.from(s.y);
  if (x.length < 2 || x[0] <= x[x.length - 1]) return [x, y];
  return [x.reverse(), y.reverse()];
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
    labelFont: `${size * 0.82}px system-ui, sans-serif`, font: `${size * 0.78}px system-ui, sans-serif`,
    stroke: () => colour("--muted"),
    grid: { stroke: () => colour("--plot-grid"), width: 1 },
    ticks: { stroke: () => colour("--edge"), width: 1, size: 5 },
    values: (/** @type {any} */ _u, /** @type {(number | null)[]} */ splits) => splits.map(tick),
    ...more,
  };
}
