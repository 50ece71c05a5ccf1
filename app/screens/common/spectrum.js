// Spectra and chromatograms with uPlot, which is fetched only where a plot is. Formats: docs/look.md, "Plots".

/** @typedef {{label: string, role: "query" | "reference" | "component" | "residual", x: number[], y: number[]}} Series */
/** @typedef {{x: number, label: string, href?: string}} Mark */
/** @typedef {{low: number, high: number}} Region a stretch of the x axis that is shaded */
/** @typedef {{kind: "ir" | "raman" | "chromatogram", x_label: string, y_label: string, x?: number[], series: Series[], marks?: Mark[],
 *   expected?: {label: string, x: number[], y: number[]}, residual_marks?: Mark[], regions?: {label: string, at: Region[]}}} LinePlot */
/** @typedef {{label: string, mz: number[], intensity: number[]}} Sticks */
/** @typedef {{kind: "mass", x_label?: string, y_label?: string, query: Sticks, reference?: Sticks | null, labels?: number, absolute?: boolean}} MassPlot */

import { ascending, axis, colour, extent, figure, legend, printsNow, rem, shades, styles, uplot } from "./spectrum_parts.js";

/** @typedef {import("./spectrum_parts.js").Style} Style */

/** @type {[number, number]} cm⁻¹: where most bands lie, crowded into a third of the whole range */
const FINGERPRINT = [400, 1800];
const MARK = 28; // the least side of a mark that is a link, as in staff.css

class Plot {
  /** @param {HTMLElement} element @param {LinePlot | MassPlot} data @param {any} UPlot */
  constructor(element, data, UPlot) {
    this.element = element;
    this.data = data;
    this.UPlot = UPlot;
    this.area = /** @type {HTMLElement} */ (element.querySelector(".plot__area"));
    this.readout = element.querySelector(".plot__readout");
    /** @type {any[]} */
    this.charts = [];
    /** @type {[number, number]} */
    this.full = [0, 1];
    this.reversed = data.kind === "ir" || data.kind === "raman";
    this.build();
    this.wire();
  }

  get width() { return Math.max(240, this.area.clientWidth); }
  get height() { return rem() * (this.area.classList.contains("plot__area--short") ? 12 : 19); }

  build() {
    for (const chart of this.charts) chart.destroy();
    this.charts = [];
    if (this.data.kind === "mass") this.mass(this.data);
    else this.lines(this.data);
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
        setScale: [(/** @type {any} */ u, /** @type {string} */ key) => { if (key === "x") this.follow(u); }],
        setCursor: [(/** @type {any} */ u) => this.read(u)],
        ...(/** @type {any} */ (options).hooks),
      },
      ...Object.fromEntries(Object.entries(options).filter(([key]) => key !== "scales" && key !== "hooks")),
    }, data, this.area);
    this.charts.push(chart);
    return chart;
  }

  // ---- infrared, Raman, chromatograms ----

  /** @param {LinePlot} plot */
  lines(plot) {
    for (const s of plot.series) s.x ??= plot.x ?? []; // one grid for all is sent once
    const main = plot.series.filter((s) => s.role !== "residual");
    const residual = plot.series.filter((s) => s.role === "residual");
    const looks = styles(plot.series);
    const list = this.element.querySelector(".plot__keys");
    if (list) legend(list, [...looks, ...shades(plot)]);
    this.full = extent(plot.series.flatMap((s) => [s.x[0], s.x[s.x.length - 1]]));

    const [low, high] = extent(main.flatMap((s) => s.y));
    const room = (high - low || 1) * 0.08;
    /** @type {[number, number]} */
    const range = [Math.min(0, low - (low < 0 ? room : 0)), high + (plot.marks?.length ? 2.4 * room : room)]; // marks stand above
    const size = rem();
    const yAxisSize = size * 3.1;
    const hasResidual = residual.length > 0;
    const foot = size * 3.1; // tick labels and title of the x axis
    const plotHeight = this.height - (hasResidual ? size * 0.6 : foot);
    this.chart({
      height: this.height,
      scales: { y: { range: () => range } },
      axes: [
        axis(hasResidual ? "" : plot.x_label, hasResidual ? { size: size * 0.6, labelSize: 0, values: () => [], ticks: { show: false } } : { size: size * 1.7 }),
        axis(plot.y_label, { size: yAxisSize, space: 45 }),
      ],
      series: [{}, ...main.map((s) => this.line(looks[plot.series.indexOf(s)]))],
      hooks: {
        drawClear: [(/** @type {any} */ u) => this.regions(u, plot.regions?.at ?? [])],
        draw: [(/** @type {any} */ u) => this.marks(u, plot.marks ?? [])],
      },
    }, this.join(main));

    if (hasResidual) {
      // the same scale as above: as many units to the pixel, so that what is left over looks as large as it is
      const perPixel = (range[1] - range[0]) / plotHeight;
      const [rLow, rHigh] = extent(residual.flatMap((s) => s.y));
      const wanted = Math.max(Math.abs(rLow), Math.abs(rHigh)) * 2.2 / perPixel;
      const pixels = Math.min(Math.max(wanted, size * (plot.residual_marks?.length ? 5 : 3)), plotHeight * 0.7);
      const half = (pixels * perPixel) / 2;
      const expected = plot.expected;
      const edges = expected ? [expected, { x: expected.x, y: expected.y.map((v) => -v) }] : [];
      const n = residual.length;
      this.chart({
        height: pixels + foot,
        scales: { y: { range: () => [-half, half] } },
        axes: [axis(plot.x_label, { size: size * 1.7 }), axis("Residual", { size: yAxisSize, space: 30 })],
        series: [
          {},
          ...residual.map((s) => this.line(looks[plot.series.indexOf(s)])),
          ...edges.map(() => ({ stroke: "transparent", width: 0, spanGaps: true, points: { show: false } })),
        ],
        bands: edges.length ? [{ series: [n + 1, n + 2], fill: () => colour("--plot-band") }] : [],
        hooks: { draw: [(/** @type {any} */ u) => this.marks(u, plot.residual_marks ?? [])] },
      }, this.join([...residual, ...edges]));
    }
  }

  /** Shaded stretches behind the curves. @param {any} u @param {Region[]} regions */
  regions(u, regions) {
    u.ctx.save();
    u.ctx.fillStyle = colour("--plot-band");
    for (const { low, high } of regions) {
      const ends = [u.valToPos(low, "x", true), u.valToPos(high, "x", true)];
      const left = Math.max(Math.min(...ends), u.bbox.left), right = Math.min(Math.max(...ends), u.bbox.left + u.bbox.width);
      if (right > left) u.ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
    }
    u.ctx.restore();
  }

  /** @param {{x: number[], y: number[]}[]} series */
  join(series) {
    return this.UPlot.join(series.map((s) => ascending(s)));
  }

  /** @param {Style} style */
  line(style) {
    return { stroke: () => colour(style.token), width: style.width, dash: style.dash, spanGaps: true, points: { show: false } };
  }

  /** Labels over bands or peaks; those with an address are links laid over the drawing. @param {any} u @param {Mark[]} marks */
  marks(u, marks) {
    u.over.querySelectorAll("a").forEach((/** @type {Element} */ a) => a.remove());
    const { ctx } = u, ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.font = `${rem() * 0.75 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.fillStyle = colour("--ink");
    ctx.strokeStyle = colour("--edge");
    /** @type {[number, number][][]} what is taken in each of two rows; marks come the weightiest first */
    const taken = [[], []];
    for (const mark of marks) {
      const left = u.valToPos(mark.x, "x"), x = u.valToPos(mark.x, "x", true);
      if (left < 0 || left > u.over.clientWidth) continue;
      const half = Math.max(ctx.measureText(mark.label).width / ratio / 2 + 4, mark.href ? MARK / 2 + 1 : 0);
      const row = taken.findIndex((used) => !used.some(([l, r]) => left + half > l && left - half < r));
      ctx.beginPath();
      ctx.moveTo(x, u.bbox.top);
      ctx.lineTo(x, u.bbox.top + 6 * ratio);
      ctx.stroke();
      if (row < 0) continue; // no room: the table beside the plot has it
      taken[row].push([left - half, left + half]);
      if (mark.href) {
        const link = document.createElement("a");
        link.className = "plot__mark";
        link.href = mark.href;
        link.textContent = mark.label;
        link.style.left = `${left}px`;
        link.style.top = `${2 + row * (MARK + 2)}px`;
        u.over.append(link);
      } else {
        ctx.fillText(mark.label, x, u.bbox.top + (8 + rem() * (0.75 + row * 0.85)) * ratio);
      }
    }
    ctx.restore();
  }

  // ---- mass spectra: sticks, and the entry mirrored below ----

  /** @param {MassPlot} plot */
  mass(plot) {
    /** @param {Sticks} s @param {number} sign */
    const relative = (s, sign) => {
      const top = plot.absolute ? 100 : Math.max(...s.intensity, 1e-12);
      return s.mz.map((mz, i) => /** @type {[number, number]} */ ([mz, (sign * 100 * s.intensity[i]) / top])).sort((a, b) => a[0] - b[0]);
    };
    const up = relative(plot.query, 1);
    const down = plot.reference ? relative(plot.reference, -1) : [];
    const shown = [{ token: "--ink", dash: [], width: 1.6, label: plot.query.label }];
    if (plot.reference) shown.push({ token: "--action", dash: [], width: 2.4, label: `${plot.reference.label} (below)` });
    const list = this.element.querySelector(".plot__keys");
    if (list) legend(list, shown);

    const all = [...up, ...down];
    const [low, high] = extent(all.map(([mz]) => mz));
    const room = Math.max((high - low) * 0.04, 2);
    this.full = [low - room, high + room];
    const xs = [...new Set([this.full[0], ...all.map(([mz]) => mz), this.full[1]])].sort((a, b) => a - b);
    const count = plot.labels ?? 6;
    const size = rem();
    // room for one line of figures beyond the highest peak, whatever the height of the plot
    const half = (this.height - size * 3.1) / (down.length ? 2 : 1);
    // as they are, or each relative to its own highest peak
    const most = plot.absolute ? Math.max(...all.map(([, y]) => Math.abs(y)), 1) : 100;
    const top = most * (half / (half - size * 1.1));
    /** @type {[number, number]} */
    const range = [down.length ? -top : 0, top];
    this.chart({
      height: this.height,
      scales: { y: { range: () => range } },
      axes: [
        axis(plot.x_label ?? "m/z", { size: size * 1.7 }),
        axis(plot.y_label ?? "Relative intensity / %", {
          size: size * 3.1,
          ...(plot.absolute ? { space: 30 } : { splits: () => (down.length ? [-100, -50, 0, 50, 100] : [0, 25, 50, 75, 100]) }),
          values: (/** @type {any} */ _u, /** @type {number[]} */ splits) => splits.map((v) => String(Math.abs(v))),
        }),
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(/** @type {any} */ u) => {
          this.sticks(u, down, "--action", 2.4, count);
          this.sticks(u, up, "--ink", 1.6, count);
          const zero = u.valToPos(0, "y", true);
          u.ctx.save();
          u.ctx.strokeStyle = colour("--edge");
          u.ctx.beginPath();
          u.ctx.moveTo(u.bbox.left, zero);
          u.ctx.lineTo(u.bbox.left + u.bbox.width, zero);
          u.ctx.stroke();
          u.ctx.restore();
        }],
      },
    }, [xs, xs.map(() => null)], { range: (/** @type {any} */ _u, /** @type {number | null} */ a, /** @type {number | null} */ b) => (a === null || b === null ? this.full : [a, b]) });
    this.charts[0].setScale("x", { min: this.full[0], max: this.full[1] });
  }

  /** @param {any} u @param {[number, number][]} peaks @param {string} token @param {number} width @param {number} count */
  sticks(u, peaks, token, width, count) {
    const { ctx } = u, ratio = devicePixelRatio || 1;
    const { min, max } = u.scales.x;
    const seen = peaks.filter(([mz]) => mz >= min && mz <= max);
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    ctx.clip();
    ctx.strokeStyle = colour(token);
    ctx.fillStyle = colour(token);
    ctx.lineWidth = width * ratio;
    const zero = u.valToPos(0, "y", true);
    ctx.beginPath();
    for (const [mz, y] of seen) {
      const x = u.valToPos(mz, "x", true);
      ctx.moveTo(x, zero);
      ctx.lineTo(x, u.valToPos(y, "y", true));
    }
    ctx.stroke();
    // the highest peaks get their m/z, unless a higher one has already taken the place
    const size = rem() * 0.75 * ratio;
    ctx.font = `${size}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    /** @type {[number, number][]} */
    const taken = [];
    for (const [mz, y] of [...seen].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, count)) {
      const text = figure(mz, "mass");
      const x = u.valToPos(mz, "x", true), half = ctx.measureText(text).width / 2 + 2 * ratio;
      if (taken.some(([l, r]) => x + half > l && x - half < r)) continue;
      taken.push([x - half, x + half]);
      ctx.fillText(text, x, u.valToPos(y, "y", true) + (y < 0 ? size * 1.1 : -size * 0.35));
    }
    ctx.restore();
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
      case "fingerprint": this.zoom(...FINGERPRINT); break;
      case "reset": this.zoom(...this.full); break;
    }
  }

  wire() {
    /** @type {Record<string, string>} */
    const keys = { "+": "in", "=": "in", "-": "out", "−": "out", ArrowLeft: "left", ArrowRight: "right", f: "fingerprint", 0: "reset" };
    if (!this.reversed) delete keys.f;
    this.area.addEventListener("keydown", (event) => {
      const what = keys[event.key];
      if (!what || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.act(what);
    });
    this.element.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("[data-plot]");
      if (button) this.act(button.getAttribute("data-plot") ?? "");
    });
    let width = this.width;
    new ResizeObserver(() => {
      if (this.width === width || !this.area.isConnected) return;
      width = this.width;
      for (const chart of this.charts) chart.setSize({ width, height: chart.height });
    }).observe(this.area);
    this.element.addEventListener("mast:plot", (event) => { // other curves in the same place, seen through the same window
      const seen = this.charts[0]?.scales.x;
      this.data = /** @type {CustomEvent} */ (event).detail;
      this.build();
      if (seen) this.zoom(seen.min, seen.max);
    });
    window.addEventListener("mast:theme", () => { if (this.area.isConnected) this.build(); }); // text size changes the axes
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    window.addEventListener("beforeprint", () => { printsNow(true); this.redraw(); });
    window.addEventListener("afterprint", () => { printsNow(false); this.redraw(); });
  }

  redraw() { for (const chart of this.charts) chart.redraw(false, true); }

  /** @param {any} u */
  read(u) {
    if (!this.readout || u.cursor.left < 0) return;
    const x = u.posToVal(u.cursor.left, "x");
    const index = u.cursor.idx;
    if (this.data.kind === "mass") {
      const near = [...this.data.query.mz].sort((a, b) => Math.abs(a - x) - Math.abs(b - x))[0];
      if (near !== undefined) this.readout.textContent = `nearest m/z ${figure(near, "mass")}`;
      return;
    }
    const y = u.data[1]?.[index];
    const unit = this.data.kind === "chromatogram" ? "min" : "cm⁻¹";
    this.readout.textContent = `${figure(x, this.data.kind)} ${unit}${typeof y === "number" ? `   ${y.toPrecision(3)}` : ""}`;
  }
}

/** @param {HTMLElement} element */
async function draw(element) {
  const embedded = element.querySelector('script[type="application/json"]');
  try {
    const answer = embedded ? null : await fetch(element.dataset.url ?? "", { headers: { Accept: "application/json", "Mast-By-Itself": "1" } });
    if (answer && !answer.ok) throw new Error(String(answer.status));
    const data = answer ? await answer.json() : JSON.parse(embedded?.textContent ?? "null");
    new Plot(element, data, await uplot());
  } catch {
    const area = element.querySelector(".plot__area");
    if (area) area.textContent = "The plot could not be loaded. The words and figures beside it are complete. Reload the page to try again.";
  }
}

/** @param {ParentNode} root */
export function enhance(root) {
  for (const element of root.querySelectorAll("[data-spectrum]:not([data-ready])")) {
    element.setAttribute("data-ready", "");
    draw(/** @type {HTMLElement} */ (element));
  }
}
