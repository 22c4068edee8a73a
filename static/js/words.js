/**
 * Words in the page's language. The page delivers its catalogue as JSON (see `base.html`);
 * without one, or for a text that is not in it, the English text is the answer.
 */

/** @type {Record<string, string | string[]> | null} */
let catalogue = null;

/** @returns {Record<string, string | string[]>} */
function words() {
  if (catalogue === null) {
    const source = document.getElementById("words")?.textContent;
    catalogue = source ? JSON.parse(source) : {};
  }
  return catalogue ?? {};
}

/**
 * The text in the page's language, with `{name}` replaced by `values.name`.
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 */
export function gettext(text, values = {}) {
  const found = words()[text];
  const translated = typeof found === "string" && found ? found : text;
  return translated.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
