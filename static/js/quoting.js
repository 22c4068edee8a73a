// A JSON value as each language writes it, as marketplace/catalog/quoting.py does on the server.

/** @param {unknown} value @param {string | null} quoting @returns {string} as a literal of that language */
export function quoted(value, quoting) {
  if (quoting === "python") return python(value);
  const json = JSON.stringify(value);
  return (WAYS[quoting ?? ""] ?? String)(json);
}

/** @type {Record<string, (json: string) => string>} */
const WAYS = {
  shell: (json) => `'${json.replaceAll("'", `'"'"'`)}'`,
  double: (json) => JSON.stringify(json),
  single: (json) => `'${json.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`,
  rust: (json) => `r${fence(json)}"${json}"${fence(json)}`,
  swift: (json) => `${fence(json)}"${json}"${fence(json)}`,
};

/** One # more than follow any quote or backslash in the text. @param {string} text */
function fence(text) {
  const runs = [...text.matchAll(/["\\](#*)/g)].map((found) => (found[1] ?? "").length);
  return "#".repeat(Math.max(0, ...runs) + 1);
}

/** @param {unknown} value @returns {string} */
function python(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${python(one)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}
