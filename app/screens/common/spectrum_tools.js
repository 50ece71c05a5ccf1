// The menu beside a plot of the bench: how curves are laid out, steps from peak to peak, from and to, pictures and figures of what is
// shown; and two fingers or a wheel on the drawing. Every one of these has a button.

import { relabel } from "./spectrum_labels.js";
import { colour, figure, font, rem } from "./spectrum_parts.js";

/** @typedef {import("./spectrum.js").Plot} Plot */

/** The switches say what is on. @param {Plot} plot */
function press(plot) {
  for (const button of plot.element.querySelectorAll("[data-view]")) {
    const what = /** @type {keyof import("./spectrum.js").View} */ (button.getAttribute("data-view"));
    const value = button.getAttribute("data-value");
    button.setAttribute("aria-pressed", String(value ? plot.view[what] === value : plot.view[what]));
  }
}

/** The stretch that is seen; whole before the first drawing. @param {Plot} plot @returns {[number, number]} */
function seen(plot) {
  const { min, max } = plot.charts[0].scales.x;
  return [min ?? plot.full[0], max ?? plot.full[1]];
}

/** The stretch that is seen, and what is switched off, in the addresses of figures and pictures. @param {Plot} plot */
function addresses(plot) {
  const [min, max] = seen(plot);
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (plot.element.querySelectorAll("a[data-shown]"))) {
    const url = new URL(link.href);
    url.searchParams.set("low", figure(min, "mass"));
    url.searchParams.set("high", figure(max, "mass"));
    url.searchParams.delete("off");
    for (const label of plot.hidden) url.searchParams.append("off", label);
    link.href = url.href;
  }
  for (const [name, value] of /** @type {[string, number][]} */ ([["low", min], ["high", max]])) {
    const field = /** @type {HTMLInputElement | null} */ (plot.element.querySelector(`input[name=${name}]`));
    if (field && document.activeElement !== field) field.value = figure(value, plot.data.kind);
  }
}

/** What is on the screen, with what it is of below it. @param {Plot} plot */
function picture(plot) {
  const shown = plot.charts.map((chart) => /** @type {HTMLCanvasElement} */ (chart.ctx.canvas));
  const ratio = devicePixelRatio || 1, size = rem() * 0.8 * ratio, edge = size, wide = Math.max(...shown.map((one) => one.width));
  const keys = [...plot.element.querySelectorAll(".plot__keys li")].map((one) => one.textContent?.trim() ?? "").join("   ");
  const words = [keys, ...(plot.element.dataset.caption ?? "").split("\n")].filter(Boolean);
  const canvas = document.createElement("canvas"), ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  canvas.width = wide + 2 * edge;
  canvas.height = shown.reduce((sum, one) => sum + one.height, 0) + (words.length + 1.5) * size * 1.4;
  ctx.fillStyle = colour("--paper");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  let top = edge / 2;
  for (const one of shown) { ctx.drawImage(one, edge, top); top += one.height; }
  ctx.font = `${size}px ${font()}`;
  ctx.fillStyle = colour("--ink");
  for (const line of words) ctx.fillText(line, edge, top += size * 1.4, wide);
  canvas.toBlob((blob) => {
    if (!blob) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${plot.element.dataset.file ?? "spectrum"}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

/** The place of the cursor gets a label, or loses it: that of the nearest peak. @param {Plot} plot */
function label(plot) {
  const { at } = plot;
  const [peak] = plot.peaks.sort((a, b) => Math.abs(a - (at ?? a)) - Math.abs(b - (at ?? b)));
  if (peak !== undefined) relabel(plot, peak);
}

/** @param {Plot} plot */
function wheel(plot) {
  plot.area.addEventListener("wheel", (event) => {
    // a plot someone works in, or two fingers on a pad; else the page scrolls as anywhere
    if (!event.ctrlKey && !plot.area.contains(document.activeElement)) return;
    event.preventDefault();
    const [chart] = plot.charts, box = chart.over.getBoundingClientRect(), at = chart.posToVal(event.clientX - box.left, "x");
    const { min, max } = chart.scales.x, factor = Math.exp(Math.max(-100, Math.min(100, event.deltaY)) / 300);
    plot.zoom(at - (at - min) * factor, at + (max - at) * factor);
  }, { passive: false });
}

/** Two fingers pull the axis with them, together or apart. @param {Plot} plot */
function pinch(plot) {
  /** @type {[number, number][] | null} a place on the axis under each finger */
  let held = null;
  const spots = (/** @type {TouchEvent} */ event) => {
    const box = plot.charts[0].over.getBoundingClientRect();
    return [...event.touches].slice(0, 2).map((touch) => touch.clientX - box.left);
  };
  plot.area.addEventListener("touchstart", (event) => {
    if (event.touches.length !== 2) { held = null; return; }
    const [chart] = plot.charts;
    held = spots(event).map((left) => [left, chart.posToVal(left, "x")]);
  }, { passive: true });
  plot.area.addEventListener("touchmove", (event) => {
    if (!held || event.touches.length !== 2) return;
    event.preventDefault();
    const [a, b] = spots(event), [chart] = plot.charts, wide = chart.over.clientWidth;
    if (Math.abs(b - a) < 20) return;
    const scale = (held[1][1] - held[0][1]) / (b - a), start = held[0][1] - a * scale; // the value at the left edge
    plot.zoom(Math.min(start, start + wide * scale), Math.max(start, start + wide * scale));
  }, { passive: false });
  plot.area.addEventListener("touchend", () => { held = null; });
}

/** @param {Plot} plot */
export function tools(plot) {
  press(plot);
  addresses(plot);
  wheel(plot);
  pinch(plot);
  for (const menu of plot.element.querySelectorAll("details.plot__menu")) menu.addEventListener("toggle", () => addresses(plot));
  plot.element.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-view], [data-picture], [data-label]");
    if (!button) return;
    const what = button.getAttribute("data-view"), value = button.getAttribute("data-value");
    if (button.hasAttribute("data-picture")) { picture(plot); return; }
    if (button.hasAttribute("data-label")) { label(plot); return; }
    if (what === "mode") plot.view.mode = /** @type {any} */ (value);
    else if (what === "normal" || what === "offset" || what === "apart") plot.view[what] = !plot.view[what];
    plot.again();
    press(plot);
  });
  plot.element.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.hasAttribute("data-range")) return;
    event.preventDefault();
    const [low, high] = ["low", "high"].map((name) => Number(/** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value.replace(",", ".")));
    if (Number.isFinite(low) && Number.isFinite(high) && low !== high) plot.zoom(Math.min(low, high), Math.max(low, high));
  });
}
