// A `.table[data-stack]` becomes one card per row on a phone (components.css): each cell then
// carries the title of its column, and the roles that `display: block` would take away.

/** @param {HTMLTableElement} table */
function label(table) {
  const titles = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent?.trim() ?? "");
  table.setAttribute("role", "table");
  for (const group of [table.tHead, ...table.tBodies]) group?.setAttribute("role", "rowgroup");
  for (const row of table.rows) {
    row.setAttribute("role", "row");
    [...row.cells].forEach((cell, place) => {
      const isTitle = row.parentElement === table.tHead;
      cell.setAttribute("role", isTitle ? "columnheader" : cell.tagName === "TH" ? "rowheader" : "cell");
      if (!isTitle && titles[place]) cell.dataset.label = titles[place];
    });
  }
  table.dataset.stack = "ready";
}

for (const table of document.querySelectorAll("table[data-stack]")) {
  label(/** @type {HTMLTableElement} */ (table));
}
