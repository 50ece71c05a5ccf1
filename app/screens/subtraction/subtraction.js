// The slider of a subtraction: the difference follows the hand; the server says in words whether it dips below zero.

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.subtract"));
const slider = /** @type {HTMLInputElement | null} */ (document.getElementById("slider"));
const factor = /** @type {HTMLInputElement | null} */ (document.getElementById("factor"));
const plot = document.getElementById("subtract-plot");
const points = form?.querySelector("[data-subtract]");

if (form && slider && factor && plot && points) {
  /** @type {{name: string, x: number[], before: number[], reference: number[]}} */
  const curves = JSON.parse(points.textContent ?? "null");
  const shown = JSON.parse(plot.querySelector('script[type="application/json"]')?.textContent ?? "null");
  let waiting = 0, asked = 0;

  /** @param {number} k */
  const draw = (k) => {
    const rest = curves.before.map((y, i) => y - k * curves.reference[i]);
    const level = [...rest].sort((a, b) => a - b)[rest.length >> 1];
    const [before] = shown.series;
    plot.dispatchEvent(new CustomEvent("mast:plot", { detail: { ...shown, series: [
      before,
      { label: `${curves.name}, times ${k.toPrecision(3)}`, role: "reference", x: curves.x, y: curves.reference.map((y) => k * y + level) },
      { label: "Residual", role: "residual", x: curves.x, y: rest.map((y) => y - level) },
    ] } }));
  };

  const ask = async () => {
    const query = new URLSearchParams(/** @type {any} */ (new FormData(form))), turn = ++asked;
    try {
      const answer = await fetch(`${form.action}/trial?${query}`, { headers: { Accept: "text/html" } });
      if (!answer.ok) return; // a factor that cannot be used is said when the form is sent
      const said = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("trial");
      if (turn !== asked) return; // the answer to an older factor arrived late
      if (said) document.getElementById("trial")?.replaceChildren(...said.childNodes);
    } catch { /* without a network the words stay as they are; sending the form says what is wrong */ }
  };

  /** @param {string} text */
  const follow = (text) => {
    const k = Number(text.replace(",", "."));
    if (!Number.isFinite(k) || k < 0) return;
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => draw(k));
  };

  const slid = () => { factor.value = Number(slider.value).toPrecision(4); follow(slider.value); };
  slider.addEventListener("input", slid);
  factor.addEventListener("input", () => { slider.value = factor.value.replace(",", "."); follow(factor.value); });
  for (const field of [slider, factor]) field.addEventListener("change", ask);
  document.getElementById("best-fit")?.addEventListener("click", () => {
    slider.value = slider.dataset.optimum ?? slider.value;
    factor.value = Number(slider.value).toPrecision(4);
    follow(slider.value);
    ask();
  });
  if (slider.value !== slider.defaultValue) { // moved before this script had arrived
    slid();
    ask();
  }
}
