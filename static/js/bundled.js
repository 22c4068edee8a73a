/**
 * A library of static/vendor by its name in the import map, or null if it was not built.
 * The name comes as a value because the storage of static files takes a literal for a path.
 * @param {"codemirror" | "ansi_up"} name
 * @returns {Promise<any>}
 */
export function bundled(name) {
  return import(name).catch(() => null);
}
