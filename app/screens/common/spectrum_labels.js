// What is written over curves: wavenumbers over bands, numbers of peaks, the residual's name and what it leaves over, shaded
// stretches. A press on a band puts its label there or takes it away; a press near a peak of a run opens the peak.

import { GAP, colour, extent, figure, font, placed, prominent, rem } from "./spectrum_parts.js";

/** @typedef {import("./spectrum.js").Mark} Mark */
/** @typedef {import("./spectrum.js").Plot} Plot */

const LABELS = 8; // so many bands are labelled, the most prominent of what is seen
const MARK = 28; // the least side of a mark that is a link, as in staff.css
const NEAR = 24; // pixels beside a band or a peak that still mean it

/** A link laid over the drawing. @param {any} u @param {Mark} mark @param {number} left @param {number} top @param {string} [part] */
function link(u, mark, left, top, part) {
  /** @type {HTMLAnchorElement[]} */
  const links = [...u.over.querySelectorAll("a[data-old]")];
  const there = links.find((one) => one.getAttribute("href") === mark.href), made = there ?? document.createElement("a");
  delete made.dataset.old;
  made.className = "plot__mark";
  made.setAttribute("href", mark.href ?? "");
  if (made.textContent !== mark.label) made.textContent = mark.label;
  made.style.left = `${left}px`;
  made.style.top = `${top}px`;
  if (part) made.classList.add("plot__mark--left");
  if (part) {
    made.dataset.part = part;
    made.setAttribute("aria-label", `Search what is left at ${mark.label} cm⁻¹`);
  }
  if (!there) u.over.append(made);
}

/** The residual's own line of zero, its name, and the bands it leaves open: buttons where they lead to a search.
 * @param {any} u @param {import("./spectrum.js").LinePlot} plot @param {number} foot */
export function under(u, plot, foot) {
  const { ctx } = u, ratio = devicePixelRatio || 1, { left, width } = u.bbox;
  const zero = u.valToPos(0, "r", true), top = u.valToPos(u.scales.y.min + foot, "y", true);
  ctx.save();
  ctx.strokeStyle = colour("--rule");
  ctx.beginPath();
  for (const y of [zero, top]) { ctx.moveTo(left, y); ctx.lineTo(left + width, y); }
  ctx.stroke();
  ctx.font = `${rem() * 0.72 * ratio}px ${font()}`;
  ctx.fillStyle = colour("--muted");
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.fillText("Residual", left - 4 * ratio, zero);
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  ctx.fillStyle = colour("--ink");
  /** @type {[number, number][]} */
  const taken = [];
  for (const mark of plot.residual_marks ?? []) {
    const x = u.valToPos(mark.x, "x", true);
    const half = Math.max(ctx.measureText(mark.label).width / 2 + 3 * ratio, mark.href ? (MARK / 2 + 4) * ratio : 0);
    if (x - half < left || x + half > left + width || taken.some(([l, r]) => x + half > l && x - half < r)) continue;
    taken.push([x - half, x + half]);
    if (mark.href) link(u, mark, u.valToPos(mark.x, "x"), u.valToPos(u.scales.y.min + foot, "y") + 1, "panel");
    else ctx.fillText(mark.label, x, top + 2 * ratio);
  }
  ctx.restore();
}

/** Wavenumbers over the most prominent bands of what is seen, where there is room; and where someone wanted one.
 * @param {Plot} plot @param {any} u @param {number} series @returns {{at: number, box: [number, number, number, number]}[]} */
export function bands(plot, u, series) {
  const { ctx } = u, ratio = devicePixelRatio || 1, size = rem() * 0.78 * ratio;
  const { min, max } = u.scales.x, named = plot.named, x = u.data[0], y = u.data[series];
  const wanted = [...named].filter(([at, on]) => on && at >= min && at <= max).map(([at]) => at);
  const own = prominent(x, y, min, max).map(([at]) => at).filter((at) => !named.has(at));
  ctx.save();
  ctx.font = `${size}px ${font()}`;
  ctx.textAlign = "center";
  ctx.fillStyle = colour("--ink");
  const { left, top, width } = u.bbox, room = { size, gap: 3 * ratio, lift: size, most: LABELS + wanted.length };
  /** @param {number} at */
  const label = (at) => {
    const half = ctx.measureText(figure(at, plot.data.kind)).width / 2 + GAP * ratio;
    return { at, x: u.valToPos(at, "x", true), tip: u.valToPos(y[x.indexOf(at)] ?? NaN, "y", true), half, firm: named.has(at) };
  };
  /** The curve's highest point in a stretch. @param {number} l @param {number} r */
  const over = (l, r) => {
    const ends = [u.posToVal(l, "x", true), u.posToVal(r, "x", true)], low = Math.min(...ends), high = Math.max(...ends);
    return u.valToPos(extent(y.filter((/** @type {number} */ _v, /** @type {number} */ k) => x[k] >= low && x[k] <= high))[1], "y", true);
  };
  const all = [...wanted, ...own].map(label).filter(({ tip }) => Number.isFinite(tip));
  const taken = placed(all, { left, right: left + width, top }, room, over).map(({ label: { at }, box }) => ({ at, box }));
  for (const { at, box } of taken) ctx.fillText(figure(at, plot.data.kind), (box[0] + box[2]) / 2, box[3]);
  ctx.restore();
  plot.element.dataset.labels = taken.map(({ at }) => figure(at, plot.data.kind)).join(" ");
  return taken;
}

/** Put a label on a band or take it away. @param {Plot} plot @param {number} at */
export function relabel(plot, at) {
  const shown = plot.boxes.some((one) => one.at === at);
  if (plot.named.get(at) === false) plot.named.delete(at); else plot.named.set(at, !shown);
  plot.redraw();
}

/** A press on the drawing that was no drag. @param {Plot} plot @param {any} u @param {number} left @param {number} top */
export function tapped(plot, u, left, top) {
  const ratio = devicePixelRatio || 1, { data } = plot;
  /** @param {number} x */
  const away = (x) => Math.abs(u.valToPos(x, "x") - left);
  if (data.kind === "chromatogram") {
    const [peak] = (data.marks ?? []).filter((mark) => mark.href && away(mark.x) <= NEAR).sort((a, b) => away(a.x) - away(b.x));
    if (!peak) return;
    link(u, peak, 0, 0);
    u.over.lastElementChild.click(); // as a press on its mark, which may have had no room
    u.over.lastElementChild?.remove();
    return;
  }
  if (data.kind === "mass") { plot.pressed?.(u, left); return; }
  const px = left * ratio + u.bbox.left, py = top * ratio + u.bbox.top;
  const pressed = plot.boxes.find(({ box: [l, t, r, b] }) => px >= l - 4 && px <= r + 4 && py >= t - 4 && py <= b + 4);
  const { min, max } = u.scales.x;
  const [near] = prominent(u.data[0], u.data[1], min, max, 0.01).map(([at]) => at).filter((at) => away(at) <= NEAR).sort((a, b) => away(a) - away(b));
  const at = pressed?.at ?? near;
  if (at !== undefined) relabel(plot, at);
}

/** Shaded stretches behind the curves, down to the residual's band. @param {any} u @param {import("./spectrum.js").Region[]} shaded @param {number} foot */
export function regions(u, shaded, foot) {
  const bottom = u.valToPos(u.scales.y.min + foot, "y", true);
  u.ctx.save();
  u.ctx.fillStyle = colour("--plot-band");
  for (const { low, high } of shaded) {
    const ends = [u.valToPos(low, "x", true), u.valToPos(high, "x", true)];
    const left = Math.max(Math.min(...ends), u.bbox.left), right = Math.min(Math.max(...ends), u.bbox.left + u.bbox.width);
    if (right > left) u.ctx.fillRect(left, u.bbox.top, right - left, bottom - u.bbox.top);
  }
  u.ctx.restore();
}

/** Labels over peaks; those with an address are links. @param {any} u @param {Mark[]} all */
export function marks(u, all) {
  const { ctx } = u, ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.font = `${rem() * 0.75 * ratio}px ${font()}`;
  ctx.textAlign = "center";
  ctx.fillStyle = colour("--ink");
  ctx.strokeStyle = colour("--edge");
  /** @type {[number, number][][]} what is taken in each of two rows; marks come the weightiest first */
  const taken = [[], []];
  for (const mark of all) {
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
    if (mark.href) link(u, mark, left, 2 + row * (MARK + 2));
    else ctx.fillText(mark.label, x, u.bbox.top + (8 + rem() * (0.75 + row * 0.85)) * ratio);
  }
  ctx.restore();
}
