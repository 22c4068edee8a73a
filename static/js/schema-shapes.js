// What a JSON Schema says of one field, as far as a form needs to know.

/** @typedef {Record<string, any>} Schema */

/** @param {unknown} value @returns {Schema} a schema for a value of which nothing is known */
export function schemaOf(value) {
  if (typeof value === "string") return { type: "string" };
  if (typeof value === "number") return { type: Number.isInteger(value) ? "integer" : "number" };
  if (typeof value === "boolean") return { type: "boolean" };
  if (Array.isArray(value)) return { type: "array", ...(value.length ? { items: schemaOf(value[0]) } : {}) };
  if (value && typeof value === "object") {
    return { type: "object", properties: Object.fromEntries(Object.entries(value).map(([name, one]) => [name, schemaOf(one)])) };
  }
  return {};
}

/**
 * The schema with references followed and alternatives decided by the value at hand.
 * @param {Schema | boolean | undefined} schema @param {unknown} value @param {Schema} root
 * @returns {Schema}
 */
export function settled(schema, value, root) {
  let found = typeof schema === "object" ? schema : {};
  for (let step = 0; step < 10 && typeof found.$ref === "string"; step += 1) found = followed(found.$ref, root);
  for (const all of found.allOf ?? []) found = { ...settled(all, value, root), ...found };
  const variants = found.anyOf ?? found.oneOf;
  if (variants) {
    const known = variants.map((/** @type {Schema} */ one) => settled(one, value, root)).filter((/** @type {Schema} */ one) => one.type !== "null");
    const chosen = known.find((/** @type {Schema} */ one) => fits(one, value)) ?? (known.length === 1 ? known[0] : {});
    found = { ...chosen, ...without(found, ["anyOf", "oneOf"]) };
  }
  if (Array.isArray(found.type)) {
    const types = found.type.filter((/** @type {string} */ type) => type !== "null");
    found = { ...found, type: types.find((/** @type {string} */ type) => fits({ type }, value)) ?? (types.length === 1 ? types[0] : undefined) };
  }
  if (!found.type && !found.enum && value !== undefined && value !== null) found = { ...schemaOf(value), ...without(found, ["type"]) };
  if (found.type === "object" && found.properties && value && typeof value === "object") return withExtra(found, value);
  return found;
}

/** Whether a value is of the schema's type. @param {Schema} schema @param {unknown} value */
export function fits({ type, enum: choices }, value) {
  if (choices) return choices.includes(value);
  if (type === "integer" || type === "number") return typeof value === "number";
  if (type === "array") return Array.isArray(value);
  if (type === "object") return Boolean(value) && typeof value === "object" && !Array.isArray(value);
  return typeof value === type;
}

/** A first value that a field of this schema may have. @param {Schema} schema */
export function blank(schema) {
  if ("default" in schema) return schema.default;
  if (schema.enum) return schema.enum[0];
  /** @type {Record<string, unknown>} */
  const blanks = { string: "", integer: schema.minimum ?? 0, number: schema.minimum ?? 0, boolean: false, array: [], object: {} };
  return blanks[schema.type] ?? null;
}

/** Fields of the value that the schema does not list are shown too. @param {Schema} schema @param {object} value */
function withExtra(schema, value) {
  const extra = Object.entries(value).filter(([name]) => !(name in schema.properties));
  const properties = { ...schema.properties, ...Object.fromEntries(extra.map(([name, one]) => [name, schemaOf(one)])) };
  return { ...schema, properties };
}

/** @param {string} reference @param {Schema} root @returns {Schema} */
function followed(reference, root) {
  const steps = reference.replace(/^#\/?/, "").split("/").filter(Boolean);
  return steps.reduce((place, step) => place?.[step.replaceAll("~1", "/").replaceAll("~0", "~")] ?? {}, root);
}

/** @param {Schema} schema @param {string[]} names */
function without(schema, names) {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !names.includes(name)));
}
