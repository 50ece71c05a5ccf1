// Spectra and chromatograms with uPlot, which is fetched only where a plot is. Formats: docs/look.md, "Plots".
// Here: curves, moving about, and what the cursor reads. Sticks are in spectrum_mass.js, what is written over curves in
// spectrum_labels.js, the menu of the bench in spectrum_tools.js, what is taken out of a run in spectrum_run.js, and the points of a
// stretch in spectrum_more.js; each is fetched where it is needed.

/** @typedef {{label: string, role: "query" | "reference" | "component" | "overlay" | "ion" | "residual", x: number[], y: number[], thinned?: boolean}} Series
 * `thinned`: a stretch of it has more points, which are fetched when someone zooms in */
/** @typedef {{x: number, label: string, href?: string}} Mark */
/** @typedef {{low: number, high: number}} Region a stretch of the x axis that is shaded */
/** @typedef {{kind: "ir" | "raman" | "chromatogram", x_label: string, y_label: string, x?: number[], series: Series[], marks?: Mark[],
 *   expected?: {label: string, x: number[], y: number[]}, residual_marks?: Mark[], regions?: {label: string, at: Region[]}}} LinePlot */
/** @typedef {{label: string, mz: number[], intensity: number[]}} Sticks */
/** @typedef {{kind: "mass", x_label?: string, y_label?: string, query: Sticks, reference?: Sticks | null, labels?: number, ion?: number, absolute?: boolean, accurate?: boolean}} MassPlot */
/** @typedef {{normal: boolean, offset: boolean, apart: boolean, mode: "mirror" | "difference" | "absolute"}} View */

import { arranged, ascending, axis, colour, extent, figure, legend, nearest, prominent, printsNow, rem, shades, styles, unpack, uplot } from "./spectrum_parts.js";
import { bands, marks, regions, tapped, under } from "./spectrum_labels.js";

/** @typedef {import("./spectrum_parts.js").Style} Style */

/** @type {Record<string, [number, number]>} cm⁻¹: where most bands lie, crowded into a third of the whole range */
const FINGERPRINT = { ir: [650, 1800], raman: [400, 1800] };
const LEAST_APART = 170; // a chart of its own is not lower

/** @type {Map<string, {view: View, hidden: Set<string>, named: Map<number, boolean>, seen?: [number, number]}>} how someone looks at a reading,
 * for as long as the page is open: an overlay that is added changes nothing else */
const looked = new Map();

export class Plot {
  /** @param {HTMLElement} element @param {LinePlot | MassPlot} data @param {any} UPlot @param {typeof import("./spectrum_mass.js") | undefined} sticks */
  constructor(element, data, UPlot, sticks) {
    this.element = element;
    this.data = data;
    this.UPlot = UPlot;
    this.sticks = sticks;
    this.area = /** @type {HTMLElement} */ (element.querySelector(".plot__area"));
    this.readout = element.querySelector(".plot__readout");
    /** @type {any[]} */
    this.charts = [];
    /** @type {[number, number]} */
    this.full = [0, 1];
    this.reversed = data.kind === "ir" || data.kind === "raman";
    const fresh = { view: /** @type {View} */ ({ normal: false, offset: false, apart: false, mode: "mirror" }), hidden: new Set(), named: new Map() };
    const kept = looked.get(element.dataset.keep ?? "") ?? fresh;
    if (element.dataset.keep) looked.set(element.dataset.keep, kept);
    this.kept = kept;
    this.view = kept.view;
    /** @type {Set<string>} curves that are switched off */
    this.hidden = kept.hidden;
    /** @type {Map<number, boolean>} bands whose label was added or taken away by hand */
    this.named = kept.named;
    /** @type {{at: number, box: [number, number, number, number]}[]} the labels that are drawn, in pixels of the canvas */
    this.boxes = [];
    /** @type {number | null} where the cursor is, or was last */
    this.at = null;
    /** @type {number | null} where a step is putting it */
    this.put = null;
    /** @type {(() => void) | undefined} told when another stretch is seen */
    this.moved = undefined;
    /** @type {((u: any, left: number) => void) | undefined} told when someone presses a mass spectrum */
    this.pressed = undefined;
    /** @type {((u: any) => void) | undefined} told when someone drags over a run */
    this.dragged = undefined;
    /** @type {any} the chart under the pointer when it was pressed */
    this.held = undefined;
    const { seen } = kept;
    this.build();
    this.wire();
    // infrared opens where most bands lie; a press shows all
    if (seen) this.zoom(...seen);
    else if (data.kind === "ir" && this.fingerprint && element.querySelector('[data-plot="fingerprint"]')) this.zoom(...this.fingerprint);
    this.press();
  }

  get columns() { return this.view.apart && matchMedia("(min-width: 80em)").matches ? 2 : 1; }
  get width() { return Math.max(240, Math.floor((this.area.clientWidth - (this.columns - 1) * 16) / this.columns)); }
  get height() {
    const whole = this.element.classList.contains("plot--fit") ? Math.max(120, this.box) : rem() * (this.area.classList.contains("plot__area--short") ? 12 : 19);
    return this.view.apart ? Math.max(LEAST_APART, whole / 2) : whole;
  }

  /** Height of the area as the sheet has it: charts beside one another may need more. */
  get box() {
    this.area.classList.remove("is-apart");
    const height = this.area.clientHeight;
    this.area.classList.toggle("is-apart", this.view.apart);
    return height;
  }

  /** The stretch where most bands lie, where there is one. @returns {[number, number] | undefined} */
  get fingerprint() {
    const wanted = FINGERPRINT[this.data.kind];
    if (!wanted) return undefined;
    const low = Math.max(wanted[0], this.full[0]), high = Math.min(wanted[1], this.full[1]);
    return high > low ? [low, high] : undefined;
  }

  build() {
    for (const chart of this.charts) chart.destroy();
    this.charts = [];
    this.area.classList.toggle("is-apart", this.view.apart);
    if (this.data.kind === "mass") this.sticks?.mass(this, this.data);
    else this.lines(this.data);
  }

  /** Drawn anew through the same window. */
  again() {
    const seen = this.charts[0]?.scales.x;
    const range = /** @type {[number, number] | null} */ (seen ? [seen.min, seen.max] : null);
    this.build();
    if (range) this.zoom(...range);
  }

  /** @param {object} options @param {any[]} data @param {object} [scaleX] */
  chart(options, data, scaleX = {}) {
    const chart = new this.UPlot({
      width: this.width,
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false },
        sync: { key: this.element.id || "plot", setSeries: false },
        bind: { dblclick: () => () => { this.zoom(...this.full); return null; } },
      },
      scales: { x: { time: false, dir: this.reversed ? -1 : 1, ...scaleX }, ...(/** @type {any} */ (options).scales) },
      hooks: {
        setScale: [(/** @type {any} */ u, /** @type {string} */ key) => { if (key === "x") { this.follow(u); queueMicrotask(() => this.press()); } }],
        setCursor: [(/** @type {any} */ u) => this.read(u)],
        setSelect: [(/** @type {any} */ u) => { if (u === this.held && !u.cursor.drag.setScale) this.dragged?.(u); }],
        ...(/** @type {any} */ (options).hooks),
      },
      ...Object.fromEntries(Object.entries(options).filter(([key]) => key !== "scales" && key !== "hooks")),
    }, data, this.area);
    let from = 0;
    chart.over.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      from = event.clientX;
      this.held = chart;
      for (const one of this.charts) one.cursor.drag.setScale = !this.dragged || event.shiftKey;
    });
    chart.over.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      if (event.target === chart.over && Math.abs(event.clientX - from) < 4) tapped(this, chart, event.offsetX, event.offsetY);
    });
    this.charts.push(chart);
    return chart;
  }

  // ---- infrared, Raman, chromatograms ----

  /** @param {LinePlot} plot */
  lines(plot) {
    for (const s of plot.series) s.x ??= plot.x ?? []; // one grid for all is sent once
    const { normal, offset, apart } = this.view;
    const list = this.element.querySelector(".plot__keys"), looks = styles(plot.series);
    if (list) legend(list, [...looks, ...shades(plot)], (label, on) => this.toggle(label, on), this.hidden);
    this.full = extent(plot.series.flatMap((s) => [s.x[0], s.x[s.x.length - 1]]));
    const residual = normal || offset || apart ? [] : plot.series.filter((s) => s.role === "residual");
    const main = arranged(plot.series.filter((s) => s.role !== "residual"), this.view);
    const label = normal ? "Relative to each highest point" : offset ? `${plot.y_label}, offset` : plot.y_label;
    const some = apart ? main.filter((s) => !this.hidden.has(s.label)).map((s) => [s]) : [main];
    for (const series of some) this.panel({ ...plot, y_label: label }, series, residual, new Map(looks.map((one) => [one.label, one])));
  }

  /** One frame with these curves, and the residual in its band. @param {LinePlot} plot @param {Series[]} main @param {Series[]} residual @param {Map<string, Style>} looks */
  panel(plot, main, residual, looks) {
    const size = rem(), query = Math.max(main.findIndex((s) => s.role === "query"), 0);
    const edges = plot.expected && residual.length ? [plot.expected, { x: plot.expected.x, y: plot.expected.y.map((v) => -v) }] : [];
    const band = residual.length ? residualBand(residual.flatMap((s) => s.y)) : null;
    const labelled = plot.kind === "ir" || plot.kind === "raman";
    const room = (plot.marks?.length ? 0.2 : labelled ? Math.max(0.13, (size * 1.1) / Math.max(this.height - size * 5.2, size * 3)) : 0.08) + 0.01; // a line of labels above the curve
    let foot = 0; // how far below the lowest curve the residual's band reaches
    const drawn = (/** @type {Series} */ s) => ({ ...this.line(/** @type {Style} */ (looks.get(s.label))), show: !this.hidden.has(s.label) });
    this.chart({
      height: this.height,
      scales: {
        // what is seen fills the height; the residual has its band below, in the same units to the pixel
        y: { range: (/** @type {any} */ _u, /** @type {number | null} */ low, /** @type {number | null} */ high) => {
          const top = high ?? 1, bottom = Math.min(0, low ?? 0), span = top - bottom || 1;
          foot = band ? Math.max(band.high - band.low, 0.16 * span) * 1.1 : 0;
          return [bottom - foot, top + room * span];
        } },
        r: { from: "y", range: (/** @type {any} */ _u, /** @type {number} */ low, /** @type {number} */ high) => {
          const zero = low + foot / 2 - (band ? (band.high + band.low) / 2 : 0);
          return [low - zero, high - zero];
        } },
      },
      axes: [
        axis(plot.x_label, { size: size * 1.7 }),
        axis(plot.y_label, { size: size * 3.1, space: 36, filter: (/** @type {any} */ u, /** @type {number[]} */ splits) => splits.map((v) => (foot && v < u.scales.y.min + foot * 0.98 ? null : v)) }),
      ],
      series: [
        {},
        ...main.map(drawn),
        ...residual.map((s) => ({ ...drawn(s), scale: "r" })),
        ...edges.map(() => ({ stroke: "transparent", width: 0, scale: "r", spanGaps: true, points: { show: false } })),
      ],
      bands: edges.length ? [{ series: [main.length + residual.length + 1, main.length + residual.length + 2], fill: () => colour("--plot-band") }] : [],
      hooks: {
        drawClear: [(/** @type {any} */ u) => regions(u, plot.regions?.at ?? [], foot)],
        draw: [(/** @type {any} */ u) => {
          const links = [...u.over.querySelectorAll("a")]; // they stay while it is drawn again: a finger or the focus may be on one
          for (const a of links) a.dataset.old = "";
          if (foot) under(u, plot, foot);
          if (!this.view.apart || main[query].role === "query") marks(u, plot.marks ?? []);
          if (labelled) this.boxes = bands(this, u, query + 1);
          for (const a of links) if ("old" in a.dataset) a.remove();
        }],
      },
    }, this.UPlot.join([...main, ...residual, ...(residual.length ? edges : [])].map((s) => ascending(s))));
  }

  /** A curve on or off. @param {string} label @param {boolean} on */
  toggle(label, on) {
    if (on) this.hidden.delete(label); else this.hidden.add(label);
    const [chart] = this.charts;
    if (this.data.kind === "mass" || !chart) return;
    if (this.view.apart) { this.again(); return; }
    const order = [...this.data.series.filter((s) => s.role !== "residual"), ...this.data.series.filter((s) => s.role === "residual")];
    const place = order.findIndex((s) => s.label === label) + 1;
    if (place < chart.series.length) chart.setSeries(place, { show: on });
  }

  /** @param {Style} style */
  line(style) {
    return { stroke: () => colour(style.token), width: style.width, dash: style.dash, spanGaps: true, points: { show: false } };
  }

  // ---- moving about ----

  /** @param {number} low @param {number} high */
  zoom(low, high) {
    const [min, max] = this.full;
    const span = Math.min(high - low, max - min);
    const start = Math.min(Math.max(low, min), max - span);
    for (const chart of this.charts) chart.setScale("x", { min: start, max: start + span });
  }

  /** Panels of one plot show the same stretch. @param {any} u */
  follow(u) {
    const { min, max } = u.scales.x;
    this.kept.seen = [min, max];
    this.moved?.();
    for (const chart of this.charts) {
      if (chart !== u && (chart.scales.x.min !== min || chart.scales.x.max !== max)) chart.setScale("x", { min, max });
    }
  }

  /** @param {string} what */
  act(what) {
    const scale = this.charts[0]?.scales.x;
    if (!scale) return;
    const { min, max } = scale, middle = (min + max) / 2, span = max - min;
    const right = this.reversed ? -1 : 1; // on a wavenumber axis the arrow to the right means smaller numbers
    switch (what) {
      case "in": this.zoom(middle - span / 4, middle + span / 4); break;
      case "out": this.zoom(middle - span, middle + span); break;
      case "left": this.zoom(min - (right * span) / 4, max - (right * span) / 4); break;
      case "right": this.zoom(min + (right * span) / 4, max + (right * span) / 4); break;
      case "fingerprint": this.zoom(.../** @type {[number, number]} */ (this.fingerprint ?? this.full)); break;
      case "reset": this.zoom(...this.full); break;
      case "next": this.step(right); break;
      case "previous": this.step(-right); break;
    }
  }

  /** The buttons say which stretch is shown. */
  press() {
    const seen = this.charts[0]?.scales.x;
    if (!seen) return;
    /** @type {[string, [number, number] | undefined][]} */
    const stretches = [["reset", this.full], ["fingerprint", this.fingerprint]];
    for (const [what, stretch] of stretches) {
      const near = stretch ? Math.abs(stretch[1] - stretch[0]) / 500 : 0; // minutes of a run are few
      const on = !!stretch && Math.abs(seen.min - stretch[0]) < near && Math.abs(seen.max - stretch[1]) < near;
      this.element.querySelector(`[data-plot="${what}"]`)?.setAttribute("aria-pressed", String(on));
    }
  }

  wire() {
    /** @type {Record<string, string>} */
    const keys = { "+": "in", "=": "in", "-": "out", "−": "out", ArrowLeft: "left", ArrowRight: "right", f: "fingerprint", 0: "reset", "[": "previous", "]": "next" };
    if (!this.reversed) delete keys.f;
    this.area.addEventListener("keydown", (event) => {
      const what = keys[event.key];
      if (!what || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      // the peaks of a run are opened, not only read
      const opens = what === "next" || what === "previous" ? document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`) : null;
      if (opens instanceof HTMLElement) opens.click(); else this.act(what);
    });
    this.element.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("[data-plot]");
      if (button) this.act(button.getAttribute("data-plot") ?? "");
    });
    let { width, height } = this;
    new ResizeObserver(() => {
      if ((this.width === width && this.height === height) || !this.area.isConnected) return;
      ({ width, height } = this);
      for (const chart of this.charts) chart.setSize({ width, height });
    }).observe(this.area);
    this.element.addEventListener("mast:plot", (event) => { // other curves in the same place, seen through the same window
      this.data = /** @type {CustomEvent} */ (event).detail;
      this.again();
    });
    window.addEventListener("mast:theme", () => { if (this.area.isConnected) this.again(); }); // text size changes the axes
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    window.addEventListener("beforeprint", () => { printsNow(true); this.redraw(); });
    window.addEventListener("afterprint", () => { printsNow(false); this.redraw(); });
  }

  redraw() { for (const chart of this.charts) chart.redraw(false, true); }

  // ---- what the cursor reads ----

  /** Where there is a peak of what was measured, from left to right as numbers rise. @returns {number[]} */
  get peaks() {
    const { min, max } = this.charts[0].scales.x;
    if (this.data.kind === "mass") {
      const { mz, intensity } = this.data.query, least = Math.max(...intensity) / 50;
      return mz.filter((at, k) => at >= min && at <= max && intensity[k] >= least).sort((a, b) => a - b);
    }
    const query = this.data.series.find((s) => s.role === "query") ?? this.data.series[0];
    return prominent(...ascending(query), min, max).map(([at]) => at).sort((a, b) => a - b);
  }

  /** To the next peak on this side of the cursor. @param {number} direction */
  step(direction) {
    const all = this.peaks, here = this.at ?? (direction > 0 ? -Infinity : Infinity);
    const next = direction > 0 ? all.find((at) => at > here + 1e-6) : all.findLast((at) => at < here - 1e-6);
    if (next === undefined) return;
    this.at = this.put = next;
    const [chart] = this.charts;
    chart.setCursor({ left: chart.valToPos(next, "x"), top: chart.over.clientHeight / 2 });
    this.put = null;
    const said = this.element.querySelector(".plot__said");
    if (said) said.textContent = this.values(next).map(([what, value]) => `${what} ${value}`).join(", ");
  }

  /** What every curve that is shown has here: the place first. @param {number} x @returns {[string, string][]} */
  values(x) {
    if (this.data.kind === "mass") return this.sticks?.values(this.data, x) ?? [];
    const unit = this.data.kind === "chromatogram" ? "min" : "cm⁻¹";
    const shown = this.data.series.filter((s) => !this.hidden.has(s.label));
    return [[`${figure(x, this.data.kind)}\u00a0${unit}`, ""], ...shown.map((s) => /** @type {[string, string]} */ ([s.label, nearest(s, x)?.toPrecision(3) ?? "–"]))];
  }

  /** @param {any} u */
  read(u) {
    const { left } = u.cursor;
    if (!this.readout) return;
    if (left < 0) { this.readout.replaceChildren(); return; }
    const x = this.put ?? u.posToVal(left, "x");
    if (this.put === null) this.at = x;
    this.readout.classList.toggle("is-left", left > u.over.clientWidth / 2);
    this.readout.replaceChildren(...this.values(x).map(([what, value]) => {
      const row = document.createElement("span");
      row.textContent = value ? `${what} ${value}` : what;
      return row;
    }));
  }
}

/** From the lowest to the highest of a residual, zero included; a few points far off do not count. @param {number[]} values */
function residualBand(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b), n = sorted.length;
  return { low: Math.min(0, sorted[Math.floor(n * 0.005)] ?? 0), high: Math.max(0, sorted[Math.ceil(n * 0.995) - 1] ?? 0) };
}

/** @param {HTMLElement} element */
async function draw(element) {
  const embedded = element.querySelector('script[type="application/json"]');
  try {
    const library = uplot();
    const answer = embedded ? null : await fetch(element.dataset.url ?? "", { headers: { Accept: "application/json", "Mast-By-Itself": "1" } });
    if (answer && !answer.ok) throw new Error(String(answer.status));
    const data = answer ? await answer.json() : JSON.parse(embedded?.textContent ?? "null");
    for (const line of [...(data.series ?? []), ...(data.expected ? [data.expected] : [])]) unpack(line);
    const plot = new Plot(element, data, await library, data.kind === "mass" ? await import("./spectrum_mass.js") : undefined);
    if (element.querySelector(".plot__menu")) import("./spectrum_tools.js").then((part) => part.tools(plot));
    if (data.series?.some((/** @type {Series} */ line) => line.thinned)) import("./spectrum_more.js").then((part) => part.more(plot));
    if (element.querySelector("[data-mean], [data-trace]")) import("./spectrum_run.js").then((part) => part.run(plot));
  } catch {
    const area = element.querySelector(".plot__area");
    if (area) area.textContent = "The plot could not be loaded. The text and figures beside it are complete. Reload the page to try again.";
  }
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const element of root.querySelectorAll("[data-spectrum]:not([data-ready])")) {
    element.setAttribute("data-ready", "");
    draw(/** @type {HTMLElement} */ (element));
  }
}
