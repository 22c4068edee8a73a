// ansi_up if it was built; else the text without its colours.

import { bundled } from "./bundled.js";

const library = await bundled("ansi_up");

class Plain {
  /** @param {string} text */
  ansi_to_html(text) {
    const holder = document.createElement("span");
    holder.textContent = text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "");
    return holder.innerHTML;
  }
}

/** A reader of one stream: it remembers the colour from piece to piece. */
export function colours() {
  if (!library) return new Plain();
  const reader = new library.AnsiUp();
  reader.use_classes = true;
  return reader;
}
