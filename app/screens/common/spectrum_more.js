// A curve comes with as many points as a screen can show. Where someone zooms in and the reading has more, the points of that stretch
// are fetched; the rest of the curve stays as it was.

import { unpack } from "./spectrum_parts.js";

/** @typedef {import("./spectrum.js").Plot} Plot */
/** @typedef {import("./spectrum.js").Series} Series */

const WAIT_MS = 150; // until the wheel or the fingers rest
const ROOM = 0.5; // of what is seen, on each side, so that a small move asks for nothing
const COARSE = 4; // a stretch so many times as long as what is seen is asked for again, if it was thinned

/** A curve with the points of a stretch in place of its own there. @param {Series} whole @param {Series} part @param {number} low @param {number} high @returns {Series} */
export function spliced(whole, part, low, high) {
  const first = whole.x.findIndex((x) => x >= low), next = whole.x.findIndex((x) => x > high);
  const from = first < 0 ? whole.x.length : first, to = next < 0 ? whole.x.length : next;
  const put = (/** @type {"x" | "y"} */ axis) => [...whole[axis].slice(0, from), ...part[axis], ...whole[axis].slice(to)];
  return { ...whole, x: put("x"), y: put("y") };
}

/** @param {Plot} plot */
export function more(plot) {
  const { data, element } = plot;
  if (data.kind === "mass") return;
  const whole = data.series;
  /** @type {{low: number, high: number, thinned: boolean} | null} the stretch whose points are there */
  let there = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asked = 0;
  const draw = (/** @type {Series[]} */ series) => { data.series = series; plot.again(); };

  async function look() {
    const seen = plot.charts[0]?.scales.x;
    if (!seen || !element.isConnected) return;
    const { min, max } = seen, span = max - min;
    if (span > 0.9 * (plot.full[1] - plot.full[0])) {
      asked++;
      if (there) { there = null; draw(whole); }
      return;
    }
    if (there && min >= there.low && max <= there.high && (!there.thinned || there.high - there.low <= COARSE * span)) return;
    const low = min - ROOM * span, high = max + ROOM * span, mine = ++asked;
    const url = new URL(element.dataset.url ?? "", location.href);
    url.searchParams.set("low", String(low));
    url.searchParams.set("high", String(high));
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json", "Mast-By-Itself": "1" } });
      if (!answer.ok || mine !== asked) return;
      /** @type {Series[]} */
      const parts = (await answer.json()).series;
      for (const part of parts) unpack(part);
      if (mine !== asked || !element.isConnected) return;
      there = { low, high, thinned: parts.some((part) => part.thinned) };
      element.dataset.detail = `${low} ${high}`;
      draw(whole.map((line) => {
        const part = line.thinned ? parts.find((one) => one.label === line.label) : undefined;
        return part ? spliced(line, part, low, high) : line;
      }));
    } catch { /* the line is down: what is drawn stays, and the next move asks again */ }
  }

  plot.moved = () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT_MS);
  };
  look();
}
