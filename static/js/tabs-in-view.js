// A row of tabs that is wider than the screen starts where the current one can be seen.
for (const current of document.querySelectorAll(".tabs > [aria-current]")) {
  const row = /** @type {HTMLElement} */ (current.parentElement);
  if (row.scrollWidth > row.clientWidth) current.scrollIntoView({ block: "nearest", inline: "center", behavior: "instant" });
}
