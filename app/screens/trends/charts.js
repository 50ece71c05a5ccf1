// A chart that does not fit: a line says that there is more of it, and one over time begins at its newest periods.

/** @param {ParentNode} root */
export function enhance(root) {
  for (const found of root.querySelectorAll("[data-scrolls]:not([data-ready])")) {
    const part = /** @type {HTMLElement} */ (found);
    const line = /** @type {HTMLElement | null} */ (part.parentElement?.querySelector("[data-beyond]") ?? null);
    part.setAttribute("data-ready", "");
    let fitted = true;
    const look = () => {
      const fits = part.scrollWidth <= part.clientWidth + 1;
      if (line) line.hidden = fits;
      if (fitted && !fits && part.dataset.scrolls === "newest") part.scrollLeft = part.scrollWidth; // only when it begins not to fit: where someone reads stays
      fitted = fits;
    };
    look();
    new ResizeObserver(look).observe(part);
  }
}
