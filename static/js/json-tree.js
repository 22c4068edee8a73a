import { element } from "./dom.js";

const SHOWN = 100;
const OPEN_DEPTH = 2;

/**
 * JSON as nested `<details>`: folds without script, is found by Ctrl-F where open, reads aloud in order.
 * @param {unknown} value
 * @param {number} depth
 * @returns {HTMLElement}
 */
export function jsonTree(value, depth = 0) {
  if (value === null || typeof value !== "object") return leaf(value);
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  if (!entries.length) return element("span", { class: "tree__note" }, isList ? "[ ]" : "{ }");
  if (isList && isShort(value)) return inline(value);
  const fold = /** @type {HTMLDetailsElement} */ (element("details", { class: "tree" }));
  fold.open = depth < OPEN_DEPTH;
  fold.append(
    element("summary", {}, isList ? `list of ${entries.length}` : `${entries.length} field${entries.length > 1 ? "s" : ""}`),
    branches(entries, isList, depth),
  );
  return fold;
}

/** @param {[string, unknown][]} entries @param {boolean} isList @param {number} depth */
function branches(entries, isList, depth) {
  const list = element("ul", {});
  const show = (/** @type {number} */ from) => {
    for (const [key, child] of entries.slice(from, from + SHOWN)) {
      const name = element("span", { class: isList ? "tree__note" : "tree__key" }, key);
      list.append(element("li", {}, name, " ", jsonTree(child, depth + 1)));
    }
    const rest = entries.length - from - SHOWN;
    if (rest <= 0) return;
    const more = element("button", { type: "button", class: "button-quiet button-small" }, `${rest} more`);
    const row = element("li", {}, more);
    more.addEventListener("click", () => {
      row.remove();
      show(from + SHOWN);
    });
    list.append(row);
  };
  show(0);
  return list;
}

/** @param {unknown} value */
function leaf(value) {
  const kind = typeof value === "string" ? "text" : typeof value === "number" ? "number" : "note";
  return element("span", { class: `tree__${kind}` }, JSON.stringify(value));
}

/** @param {unknown[]} values */
function isShort(values) {
  return values.every((one) => one === null || typeof one !== "object") && JSON.stringify(values).length <= 72;
}

/** @param {unknown[]} values */
function inline(values) {
  const parts = values.flatMap((one, place) => (place ? [", ", leaf(one)] : [leaf(one)]));
  return element("span", {}, "[", ...parts, "]");
}
