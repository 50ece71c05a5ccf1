// What is taken out of a run: a stretch that is dragged over gives its mean spectrum, and a peak of a spectrum its trace over the run.
// Both fill in the fields of the menu “Extract” and send them, so that keys and fingers do the same.

import { figure } from "./spectrum_parts.js";

/** @typedef {import("./spectrum.js").Plot} Plot */

const LEAST = 4; // pixels that are a stretch and no press
const NEAR = 24; // pixels beside a stick that still mean it
const UNDER = 6; // of the sticks so near to a press it means the highest

/** @param {string} selector @param {Record<string, string>} values */
function send(selector, values) {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector(selector));
  if (!form) return;
  for (const [name, value] of Object.entries(values)) /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value = value;
  form.requestSubmit();
}

/** The trace of an ion over the run is drawn, or taken away. @param {Plot} plot @param {number | undefined} mz */
function trace(plot, mz) {
  if (mz === undefined) return;
  const field = /** @type {HTMLInputElement | null} */ (document.querySelector("form[data-ions] [name=ions]"));
  const drawn = (field?.defaultValue ?? "").split(" ").filter(Boolean), ion = figure(mz, "mass");
  send("form[data-ions]", { ions: (drawn.includes(ion) ? drawn.filter((one) => one !== ion) : [...drawn, ion]).join(" ") });
}

/** The stick someone means. @param {Plot} plot @param {(mz: number) => number} away pixels between it and the press @returns {number | undefined} */
function meant(plot, away) {
  if (plot.data.kind !== "mass") return undefined;
  const { mz, intensity } = plot.data.query;
  const near = mz.map((at, k) => ({ at, far: away(at), high: intensity[k] })).filter(({ far, high }) => far <= NEAR && high > 0);
  const under = near.filter(({ far }) => far <= UNDER).sort((a, b) => b.high - a.high);
  return (under[0] ?? near.sort((a, b) => a.far - b.far)[0])?.at;
}

/** @param {Plot} plot */
function sticks(plot) {
  const atCursor = () => {
    const { at } = plot, [chart] = plot.charts;
    if (at !== null) trace(plot, meant(plot, (mz) => Math.abs(chart.valToPos(mz, "x") - chart.valToPos(at, "x"))));
  };
  plot.pressed = (u, left) => trace(plot, meant(plot, (mz) => Math.abs(u.valToPos(mz, "x") - left)));
  plot.element.addEventListener("click", (event) => { if (/** @type {Element} */ (event.target).closest("[data-trace]")) atCursor(); });
  plot.area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== plot.area) return;
    event.preventDefault();
    atCursor();
  });
}

/** The stretch whose mean spectrum is shown below is shaded. @param {Plot} plot */
function shade(plot) {
  const asked = new URLSearchParams(location.search), [low, high] = ["start", "end"].map((name) => Number(asked.get(name)?.replace(",", ".") ?? NaN));
  const at = Number.isFinite(low) && Number.isFinite(high) ? [{ low: Math.min(low, high), high: Math.max(low, high) }] : [];
  if (plot.data.kind !== "chromatogram" || (!at.length && !plot.data.regions?.at.length)) return;
  plot.data.regions = { label: "Mean spectrum", at };
  plot.again();
}

/** One finger along the run, which a mouse does by itself. @param {Plot} plot @param {(u: any) => void} done */
function finger(plot, done) {
  /** @type {{id: number, left: number} | null} */
  let held = null;
  const [none, clear] = [{ left: 0, top: 0, width: 0, height: 0 }, () => { held = null; plot.charts[0]?.setSelect(none, false); }];
  plot.area.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    if (!event.isPrimary) { clear(); return; } // a second finger: they zoom
    held = { id: event.pointerId, left: event.clientX - plot.charts[0].over.getBoundingClientRect().left };
  });
  plot.area.addEventListener("pointermove", (event) => {
    if (held?.id !== event.pointerId) return;
    const [{ over }] = plot.charts, now = Math.min(Math.max(event.clientX - over.getBoundingClientRect().left, 0), over.clientWidth);
    plot.charts[0].setSelect({ left: Math.min(held.left, now), top: 0, width: Math.abs(now - held.left), height: over.clientHeight }, false);
  });
  plot.area.addEventListener("pointerup", (event) => {
    if (held?.id !== event.pointerId) return;
    held = null;
    done(plot.charts[0]);
  });
  plot.area.addEventListener("pointercancel", clear);
}

/** @param {Plot} plot */
export function run(plot) {
  if (plot.data.kind === "mass") { sticks(plot); return; }
  plot.dragged = (u) => {
    const { left, width } = u.select;
    const [start, end] = [left, left + width].map((at) => u.posToVal(at, "x").toFixed(3));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width >= LEAST) send("form[data-mean]", { start, end });
  };
  finger(plot, plot.dragged);
  shade(plot);
  document.addEventListener("htmx:after:swap", () => { if (plot.area.isConnected) shade(plot); });
}
