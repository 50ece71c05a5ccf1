// Arrow keys move through the cells of a grid of letters; a letter goes on to the cell below. Fields without a script as well.

/** @param {HTMLTableElement} table */
function cellsOf(table) {
  return [...table.rows].map((row) => /** @type {HTMLInputElement[]} */ ([...row.querySelectorAll(".worksheet__cell")])).filter((row) => row.length > 0);
}

/** @param {HTMLTableElement} table @param {Element} from @param {number} down @param {number} right */
function move(table, from, down, right) {
  const rows = cellsOf(table);
  const row = rows.findIndex((cells) => cells.includes(/** @type {HTMLInputElement} */ (from)));
  const column = rows[row]?.indexOf(/** @type {HTMLInputElement} */ (from)) ?? -1;
  const next = rows[row + down]?.[column + right];
  if (!next) return false;
  next.focus();
  next.select();
  return true;
}

/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], Enter: [1, 0] };

/** @param {ParentNode} root */
export function enhance(root) {
  for (const table of /** @type {NodeListOf<HTMLTableElement>} */ (root.querySelectorAll("table[data-grid]"))) {
    table.addEventListener("keydown", (event) => {
      const target = /** @type {Element} */ (event.target);
      const step = STEPS[event.key];
      if (!step || !target.matches(".worksheet__cell") || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault(); // also Enter: a worksheet is not sent by going on to the next line
      move(table, target, step[0], step[1]);
    });
    table.addEventListener("input", (event) => {
      const cell = /** @type {HTMLInputElement} */ (event.target);
      if (!cell.matches(".worksheet__cell")) return;
      cell.value = cell.value.toUpperCase();
      if (/^[PNFI]$/.test(cell.value)) move(table, cell, 1, 0);
    });
  }
}
