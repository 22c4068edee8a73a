import { element } from "./dom.js";
import { fileField } from "./file-field.js";
import { listField } from "./list-field.js";
import { fits, settled } from "./schema-shapes.js";
import { gettext } from "./words.js";

const LONG = 60;
const INPUT_TYPES = /** @type {Record<string, string>} */ ({ date: "date", "date-time": "datetime-local", email: "email", uri: "url" });

/**
 * @typedef {object} Place where a field stands in the form
 * @property {string} id unique in the page
 * @property {string} label
 * @property {boolean} [isRequired]
 * @property {Schema} root the whole schema, for references
 * @property {string | null} uploads whose collection takes files; null for visitors
 *
 * @typedef {(value: unknown) => void} Changed tells the new value; undefined leaves the field out
 * @typedef {Record<string, any>} Schema
 */

/**
 * The control for one value, chosen by its schema.
 * @param {Schema | undefined} given @param {unknown} value @param {Changed} changed @param {Place} place
 * @returns {HTMLElement}
 */
export function fieldFor(given, value, changed, place) {
  const schema = settled(given, value, place.root);
  if (value !== undefined && value !== null && !fits(schema, value)) return rawField(schema, value, changed, place);
  if (schema.enum) return choiceField(schema, value, changed, place);
  if (schema.type === "boolean") return switchField(schema, value, changed, place);
  if (schema.type === "integer" || schema.type === "number") return numberField(schema, value, changed, place);
  if (schema.type === "string") return ["image", "audio", "file"].includes(kindOf(schema)) ? wrap(schema, place, fileField(kindOf(schema), schema, String(value ?? ""), changed, place)) : textField(schema, value, changed, place);
  if (schema.type === "array") return listField(schema, value, changed, place, fieldFor);
  if (schema.type === "object" && schema.properties) return groupField(schema, value, changed, place);
  return rawField(schema, value, changed, place);
}

/** @param {Schema} schema */
function kindOf(schema) {
  if (schema["x-widget"] === "file") return "file";
  const media = String(schema.contentMediaType ?? "");
  if (media.startsWith("image/")) return "image";
  if (media.startsWith("audio/")) return "audio";
  return media && schema.contentEncoding ? "file" : schema.format;
}

/** The fields of an object. @param {Schema} schema @param {unknown} value @param {Changed} changed @param {Place} place */
export function groupField(schema, value, changed, place) {
  const now = { .../** @type {Record<string, unknown>} */ (value ?? {}) };
  const required = schema.required ?? [];
  const fields = Object.entries(schema.properties).map(([name, one]) => {
    const set = (/** @type {unknown} */ part) => {
      if (part === undefined) delete now[name];
      else now[name] = part;
      changed({ ...now });
    };
    const id = `${place.id}-${name.replace(/\W/g, "-")}`;
    const inner = { ...place, id, label: /** @type {Schema} */ (one)?.title ?? name, isRequired: required.includes(name) };
    return fieldFor(/** @type {Schema} */ (one), now[name], set, inner);
  });
  if (!place.label) return element("div", {}, ...fields);
  return element("fieldset", { class: "field-group" }, element("legend", {}, place.label), ...help(schema, place), ...fields);
}

/** @param {Schema} schema @param {unknown} value @param {Changed} changed @param {Place} place */
function choiceField(schema, value, changed, place) {
  const select = /** @type {HTMLSelectElement} */ (element("select", described(schema, place)));
  if (value === undefined) select.add(new Option(usual(schema), ""));
  for (const [number, choice] of schema.enum.entries()) select.add(new Option(String(choice), String(number), false, choice === value));
  select.addEventListener("change", () => changed(select.value === "" ? undefined : schema.enum[Number(select.value)]));
  return wrap(schema, place, select);
}

/** @param {Schema} schema @param {unknown} value @param {Changed} changed @param {Place} place */
function switchField(schema, value, changed, place) {
  const box = /** @type {HTMLInputElement} */ (element("input", { ...described(schema, place), type: "checkbox" }));
  box.checked = Boolean(value ?? schema.default);
  box.addEventListener("change", () => changed(box.checked));
  return element("div", { class: "field-check" }, box, element("label", { for: place.id }, place.label), ...help(schema, place));
}

/** A number; with both ends known, a slider beside it. @param {Schema} schema @param {unknown} value @param {Changed} changed @param {Place} place */
function numberField(schema, value, changed, place) {
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum ?? schema.exclusiveMaximum;
  const step = schema.multipleOf ?? (schema.type === "integer" ? 1 : "any");
  const bounds = { ...(low === undefined ? {} : { min: String(low) }), ...(high === undefined ? {} : { max: String(high) }) };
  const number = /** @type {HTMLInputElement} */ (element("input", { ...described(schema, place), ...bounds, type: "number", step: String(step), placeholder: usual(schema) }));
  number.value = value === undefined || value === null ? "" : String(value);
  const tell = () => changed(number.value === "" ? undefined : number.valueAsNumber);
  number.addEventListener("input", tell);
  if (low === undefined || high === undefined) return wrap(schema, place, number);
  const fine = schema.type === "integer" ? 1 : (high - low) / 100;
  const slider = /** @type {HTMLInputElement} */ (element("input", { type: "range", ...bounds, step: String(schema.multipleOf ?? fine), "aria-label": place.label }));
  slider.value = String(value ?? schema.default ?? low);
  slider.addEventListener("input", () => {
    number.value = slider.value;
    tell();
  });
  number.addEventListener("input", () => (slider.value = number.value));
  return wrap(schema, place, element("div", { class: "ranged" }, slider, number));
}

/** @param {Schema} schema @param {unknown} value @param {Changed} changed @param {Place} place */
function textField(schema, value, changed, place) {
  const text = String(value ?? "");
  const isLong = text.length > LONG || text.includes("\n") || schema.format === "textarea" || schema.maxLength > 200;
  const kind = INPUT_TYPES[schema.format] ?? "text";
  const control = /** @type {HTMLInputElement} */ (isLong ? element("textarea", { ...described(schema, place), rows: "5" }) : element("input", { ...described(schema, place), type: kind === "datetime-local" ? "text" : kind, placeholder: usual(schema) }));
  control.value = text;
  control.addEventListener("input", () => changed(control.value === "" && value === undefined && !place.isRequired ? undefined : control.value));
  return wrap(schema, place, control);
}

/** Whatever no other control can show, as JSON. @param {Schema} schema @param {unknown} value @param {Changed} changed @param {Place} place */
function rawField(schema, value, changed, place) {
  const area = /** @type {HTMLTextAreaElement} */ (element("textarea", { ...described(schema, place), rows: "4", class: "code", spellcheck: "false" }));
  area.value = value === undefined ? "" : JSON.stringify(value, null, 2);
  area.addEventListener("input", () => {
    try {
      changed(area.value.trim() ? JSON.parse(area.value) : undefined);
      area.removeAttribute("aria-invalid");
    } catch {
      area.setAttribute("aria-invalid", "true"); // the last value that could be read stays
    }
  });
  return wrap(schema, place, area);
}

/** @param {Schema} schema @param {Place} place @param {HTMLElement} control */
function wrap(schema, place, control) {
  const type = place.isRequired ? [" ", element("small", {}, gettext("required"))] : [];
  return element("div", { class: "field" }, element("label", { for: place.id }, place.label, ...type), control, ...help(schema, place));
}

/** @param {Schema} schema @param {Place} place */
function help(schema, place) {
  return schema.description ? [element("p", { id: `${place.id}-help`, class: "help" }, schema.description)] : [];
}

/** @param {Schema} schema @param {Place} place @returns {Record<string, string>} */
function described(schema, place) {
  return { id: place.id, ...(schema.description ? { "aria-describedby": `${place.id}-help` } : {}) };
}

/** What happens if the field is left alone. @param {Schema} schema */
function usual(schema) {
  return "default" in schema ? gettext("{value} unless you say otherwise", { value: JSON.stringify(schema.default) }) : "";
}
