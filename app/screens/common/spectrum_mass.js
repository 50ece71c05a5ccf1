// Mass spectra as sticks: the entry mirrored below at equal heights, what one has and the other has not as a hollow stick, or
// the difference of both, or heights as they were recorded.

import { GAP, axis, colour, extent, figure, font, legend, placed, rem } from "./spectrum_parts.js";

/** @typedef {import("./spectrum.js").Plot} Plot */
/** @typedef {import("./spectrum.js").MassPlot} MassPlot */
/** @typedef {import("./spectrum.js").Sticks} Sticks */
/** @typedef {{mz: number, y: number, alone?: boolean}} Stick `alone`: the other spectrum has nothing there */

const ACCURATE = 0.01; // Da within which two accurate masses are one, as app/laboratory/readings/comparison.py has it
const NOMINAL = 0.351; // and the boundary of whole masses, as in spectra/preprocess.py

/** @param {Sticks} s @param {number} [top] the height of 100 @returns {Stick[]} */
function relative(s, top = Math.max(...s.intensity, 1e-12)) {
  return s.mz.map((mz, i) => ({ mz, y: (100 * s.intensity[i]) / top })).sort((a, b) => a.mz - b.mz);
}

/** The stick of the other spectrum at this mass. @param {Stick[]} other @param {number} mz @param {boolean} accurate */
function partner(other, mz, accurate) {
  const same = accurate ? (/** @type {Stick} */ s) => Math.abs(s.mz - mz) <= ACCURATE : (/** @type {Stick} */ s) => Math.floor(s.mz + NOMINAL) === Math.floor(mz + NOMINAL);
  return other.filter((s) => s.y > 0 && same(s)).sort((a, b) => b.y - a.y)[0];
}

/** Sticks of both, the second one downwards; or of their difference. @param {MassPlot} data @param {string} mode @returns {{up: Stick[], down: Stick[]}} */
export function sticksOf(data, mode) {
  const accurate = data.accurate ?? false;
  if (data.absolute) { // percent already: what a mixture leaves over
    return { up: relative(data.query, 100), down: (data.reference ? relative(data.reference, 100) : []).map((s) => ({ ...s, y: -s.y })) };
  }
  const left = relative(data.query), right = data.reference ? relative(data.reference) : [];
  if (mode === "difference" && data.reference) {
    const both = [...left.map((s) => ({ mz: s.mz, y: s.y - (partner(right, s.mz, accurate)?.y ?? 0) })),
      ...right.filter((s) => !partner(left, s.mz, accurate)).map((s) => ({ mz: s.mz, y: -s.y }))].sort((a, b) => a.mz - b.mz);
    return { up: both.filter((s) => s.y > 0), down: both.filter((s) => s.y < 0) };
  }
  const scale = mode === "absolute" ? Math.max(...data.query.intensity, 1e-12) / 100 : 1;
  /** @param {Stick[]} some @param {Stick[]} other @param {number} sign */
  const told = (some, other, sign) => some.map((s) => ({ mz: s.mz, y: sign * scale * s.y, alone: right.length > 0 && !partner(other, s.mz, accurate) }));
  return { up: told(left, right, 1), down: told(right, left, -1) };
}

/** What both spectra have at a mass: the place first. @param {MassPlot} data @param {number} x @returns {[string, string][]} */
export function values(data, x) {
  const accurate = data.accurate ?? false, left = relative(data.query), right = data.reference ? relative(data.reference) : [];
  const [near] = [...left, ...right].sort((a, b) => Math.abs(a.mz - x) - Math.abs(b.mz - x));
  if (!near) return [];
  /** @param {Stick[]} some */
  const height = (some) => { const found = partner(some, near.mz, accurate); return found ? `${found.y.toFixed(1)} %` : "–"; };
  /** @type {[string, string][]} */
  const rows = [[`m/z\u00a0${figure(near.mz, "mass")}`, ""], [data.query.label, height(left)]];
  if (data.reference) rows.push([data.reference.label, height(right)]);
  return rows;
}

/** @param {Plot} plot @param {MassPlot} data */
export function mass(plot, data) {
  const mode = data.absolute ? "mirror" : plot.view.mode, difference = mode === "difference" && data.reference;
  const { up, down } = sticksOf(data, mode);
  const shown = [{ token: "--ink", dash: [], width: 1.6, label: difference ? `More in ${data.query.label}` : data.query.label }];
  if (data.reference) shown.push({ token: "--action", dash: [], width: 2.4, label: difference ? `More in ${data.reference.label}` : `${data.reference.label} (below${mode === "absolute" ? ", scaled" : ""})` });
  const list = plot.element.querySelector(".plot__keys");
  if (list) legend(list, shown);
  plot.element.dataset.alone = String([...up, ...down].filter((s) => s.alone).length);
  const all = [...up, ...down], [low, high] = extent(all.map(({ mz }) => mz)), room = Math.max((high - low) * 0.04, 2);
  plot.full = [low - room, high + room];
  if (plot.view.apart && down.length && !difference) {
    frame(plot, data, mode, up, []);
    frame(plot, data, mode, down.map((s) => ({ ...s, y: -s.y })), [], "--action");
  } else frame(plot, data, mode, up, down);
  plot.zoom(...plot.full);
}

/** One frame. @param {Plot} plot @param {MassPlot} data @param {string} mode @param {Stick[]} up @param {Stick[]} down @param {string} [token] */
function frame(plot, data, mode, up, down, token = "--ink") {
  const size = rem(), all = [...up, ...down], asTheyAre = data.absolute || mode !== "mirror";
  // room for one line of figures beyond the highest peak, whatever the height of the plot
  const half = (plot.height - size * 3.1) / (down.length ? 2 : 1);
  // as they are, or each relative to its own highest peak
  const most = asTheyAre ? Math.max(...all.map(({ y }) => Math.abs(y)), 1) : 100;
  const top = most * (half / (half - size * 1.4));
  const range = [down.length ? -top : 0, top];
  const xs = [...new Set([plot.full[0], ...all.map(({ mz }) => mz), plot.full[1]])].sort((a, b) => a - b);
  const { y_label = "Relative intensity / %" } = half * (down.length ? 2 : 1) < size * 9 ? { y_label: "Intensity / %" } : data; // no longer than its axis
  const label = mode === "difference" ? "Difference / percentage points" : mode === "absolute" ? "Intensity as recorded" : y_label;
  plot.chart({
    height: plot.height,
    scales: { y: { range: () => range } },
    axes: [
      axis(data.x_label ?? "m/z", { size: size * 1.7 }),
      axis(label, {
        size: size * 3.1,
        ...(asTheyAre ? { space: 30 } : { splits: () => (down.length ? [-100, -50, 0, 50, 100] : [0, 25, 50, 75, 100]) }),
        ...(mode === "absolute" ? {} : { values: (/** @type {any} */ _u, /** @type {number[]} */ splits) => splits.map((v) => String(Math.abs(v))) }),
      }),
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: {
      draw: [(/** @type {any} */ u) => {
        draw(u, down, "--action", 2.4, data, mode);
        draw(u, up, token, 1.6, data, mode);
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
  }, [xs, xs.map(() => null)], { range: (/** @type {any} */ _u, /** @type {number | null} */ a, /** @type {number | null} */ b) => (a === null || b === null ? plot.full : [a, b]) });
}

/** @param {any} u @param {Stick[]} peaks @param {string} token @param {number} width @param {MassPlot} data @param {string} mode */
function draw(u, peaks, token, width, data, mode) {
  const { ctx } = u, ratio = devicePixelRatio || 1, { min, max } = u.scales.x;
  const seen = peaks.filter(({ mz }) => mz >= min && mz <= max), zero = u.valToPos(0, "y", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  ctx.strokeStyle = colour(token);
  ctx.fillStyle = colour(token);
  ctx.lineWidth = width * ratio;
  ctx.beginPath();
  for (const { mz, y } of seen.filter((s) => !s.alone)) {
    const x = u.valToPos(mz, "x", true);
    ctx.moveTo(x, zero);
    ctx.lineTo(x, u.valToPos(y, "y", true));
  }
  ctx.stroke();
  ctx.lineWidth = ratio;
  const wide = (width + 2.4) * ratio;
  for (const { mz, y } of seen.filter((s) => s.alone)) ctx.strokeRect(u.valToPos(mz, "x", true) - wide / 2, zero, wide, u.valToPos(y, "y", true) - zero);
  label(u, seen, Math.max(...peaks.map(({ y }) => Math.abs(y))), data, mode);
  ctx.restore();
}

/** The highest peaks get their m/z, unless a higher one or its label has already taken the place; before them the base peak and the
 * molecular ion, by name. @param {any} u @param {Stick[]} seen @param {number} most height of the base peak @param {MassPlot} data @param {string} mode */
function label(u, seen, most, data, mode) {
  const { ctx } = u, ratio = devicePixelRatio || 1, size = rem() * 0.75 * ratio;
  ctx.font = `${size}px ${font()}`;
  ctx.textAlign = "center";
  const byHeight = [...seen].sort((a, b) => Math.abs(b.y) - Math.abs(a.y)), plain = data.absolute || mode === "difference";
  const isIon = (/** @type {number} */ mz) => data.ion !== undefined && Math.abs(mz - data.ion) < (Number.isInteger(data.ion) ? 0.5 : 0.01);
  const ion = byHeight.find(({ mz }) => isIon(mz));
  const isBase = (/** @type {Stick} */ s) => Math.abs(s.y) > most - 1e-9;
  const first = plain ? [] : [byHeight.find(isBase), ion].filter((s) => s !== undefined);
  const down = byHeight.length > 0 && byHeight[0].y < 0, way = down ? -1 : 1; // sticks that hang are seen in a mirror
  /** @param {Stick} stick */
  const label = (stick) => {
    const text = figure(stick.mz, "mass") + (plain ? "" : isIon(stick.mz) ? "\u00a0M⁺" : isBase(stick) ? "\u00a0base" : "");
    return { text, x: u.valToPos(stick.mz, "x", true), tip: way * u.valToPos(stick.y, "y", true), half: ctx.measureText(text).width / 2 + GAP * ratio, firm: first.includes(stick) };
  };
  const { left, top, width, height } = u.bbox, frame = { left, right: left + width, top: down ? -(top + height) : top };
  const sticks = seen.map(({ mz, y }) => ({ x: u.valToPos(mz, "x", true), tip: way * u.valToPos(y, "y", true) }));
  const over = (/** @type {number} */ l, /** @type {number} */ r) => Math.min(...sticks.filter(({ x }) => x > l && x < r).map(({ tip }) => tip));
  const wanted = [...new Set([...first, ...byHeight.slice(0, data.labels ?? 6)])].map(label);
  for (const { label: { text }, box } of placed(wanted, frame, { size, gap: size * 0.35, lift: size * 0.5, most: wanted.length }, over)) {
    ctx.fillText(text, (box[0] + box[2]) / 2, down ? size * 0.75 - box[3] : box[3]);
  }
}
