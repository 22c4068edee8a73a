import { element } from "./dom.js";
import { gettext } from "./words.js";

const SHOWN = 100;
const OPEN_DEPTH = 3;

/**
 * JSON as nested `<details>`: folds without script, is found by Ctrl-F where open, reads aloud in order.
 * @param {unknown} value
 * @returns {HTMLElement}
 */
export function jsonTree(value) {
  return isBranch(value) ? branches(value, 1) : leaf(value);
}

/** @param {unknown} value @returns {value is object} worth a fold of its own */
function isBranch(value) {
  if (value === null || typeof value !== "object" || !Object.keys(value).length) return false;
  const isShort = (/** @type {unknown} */ one) => one === null || typeof one !== "object";
  return !(Array.isArray(value) && value.every(isShort) && JSON.stringify(value).length <= 72);
}

/** @param {object} value @param {number} depth */
function branches(value, depth) {
  const entries = Object.entries(value);
  const list = element("ul", { class: "tree" });
  const show = (/** @type {number} */ from) => {
    for (const [key, child] of entries.slice(from, from + SHOWN)) {
      const name = element("span", { class: Array.isArray(value) ? "tree__note" : "tree__key" }, key);
      list.append(element("li", {}, ...twig(name, child, depth)));
    }
    const rest = entries.length - from - SHOWN;
    if (rest > 0) list.append(element("li", {}, moreButton(rest, () => show(from + SHOWN))));
  };
  show(0);
  return list;
}

/** @param {HTMLElement} name @param {unknown} value @param {number} depth @returns {(Node | string)[]} */
function twig(name, value, depth) {
  if (!isBranch(value)) return [name, " ", leaf(value)];
  const number = Object.keys(value).length;
  const fields = number > 1 ? gettext("{number} fields", { number }) : gettext("{number} field", { number });
  const kind = Array.isArray(value) ? gettext("list of {number}", { number }) : fields;
  const fold = /** @type {HTMLDetailsElement} */ (element("details"));
  fold.open = depth < OPEN_DEPTH;
  fold.append(element("summary", {}, name, " ", element("span", { class: "tree__note" }, kind)), branches(value, depth + 1));
  return [fold];
}

/** @param {unknown} value @returns {HTMLElement} */
function leaf(value) {
  if (Array.isArray(value)) {
    const parts = value.flatMap((one, place) => (place ? [", ", leaf(one)] : [leaf(one)]));
    return element("span", {}, "[", ...parts, "]");
  }
  const kind = typeof value === "string" ? "text" : typeof value === "number" ? "number" : "note";
  return element("span", { class: `tree__${kind}` }, JSON.stringify(value));
}

/** @param {number} rest @param {() => void} show */
function moreButton(rest, show) {
  const button = element("button", { type: "button", class: "button-quiet button-small" }, `${rest} more`);
  button.addEventListener("click", () => {
    button.parentElement?.remove();
    show();
  });
  return button;
}
