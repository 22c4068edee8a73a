import { element } from "./dom.js";
import { blank, settled } from "./schema-shapes.js";
import { gettext } from "./words.js";

/** @typedef {Record<string, any>} Schema */

/**
 * A list: one control for each item, each with a way out, and a button for one more.
 * @param {Schema} schema @param {unknown} value @param {(value: unknown) => void} changed
 * @param {any} place @param {(schema: Schema, value: unknown, changed: (value: unknown) => void, place: any) => HTMLElement} fieldFor
 */
export function listField(schema, value, changed, place, fieldFor) {
  const items = [.../** @type {unknown[]} */ (value ?? [])];
  const list = element("ol", { class: "list-field" });
  const tell = () => changed([...items]);
  const draw = () => list.replaceChildren(...items.map((item, number) => row(item, number)));
  const row = (/** @type {unknown} */ item, /** @type {number} */ number) => {
    const name = gettext("Item {number}", { number: number + 1 });
    const set = (/** @type {unknown} */ one) => {
      items[number] = one ?? null;
      tell();
    };
    const control = fieldFor(schema.items ?? {}, item, set, { ...place, id: `${place.id}-${number}`, label: name, isRequired: false });
    const remove = element("button", { type: "button", class: "button-quiet button-small", "aria-label": gettext("Remove item {number}", { number: number + 1 }) }, "×");
    remove.addEventListener("click", () => {
      items.splice(number, 1);
      tell();
      draw();
      add.focus();
    });
    return element("li", {}, control, remove);
  };
  const add = element("button", { type: "button", class: "button-quiet button-small" }, gettext("Add an item"));
  add.addEventListener("click", () => {
    items.push(blank(settled(schema.items, items.at(-1), place.root)));
    tell();
    draw();
    /** @type {HTMLElement | null} */ (list.querySelector("li:last-child :is(input, textarea, select)"))?.focus();
  });
  draw();
  const help = schema.description ? [element("p", { class: "help" }, schema.description)] : [];
  const legend = place.label ? [element("legend", {}, place.label)] : [];
  return element("fieldset", { class: "field-group" }, ...legend, ...help, list, add);
}
