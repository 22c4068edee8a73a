import { element } from "./dom.js";
import { jsonTree } from "./json-tree.js";

const ROWS = 200;

/**
 * An answer as something to look at: a picture, a table, a tree, text, a file, or what went wrong.
 * @param {Answer} answer
 * @returns {Node}
 */
export function resultNode({ result, error, metadata }) {
  if (error) return errorNode(error);
  if (metadata?.content_type === "binary") return binaryNode(String(result));
  if (typeof result === "string") return textNode(result);
  if (isTable(result)) return tableNode(result);
  return element("div", { class: "tree-wrap" }, jsonTree(result));
}

/** @param {CallError} error */
function errorNode({ message, error_type, stacktrace }) {
  const said = element("div", {}, element("strong", {}, error_type ?? "Not run"), element("p", {}, message));
  if (stacktrace) {
    const trace = element("details", {}, element("summary", {}, "Where it happened"), element("pre", {}, stacktrace));
    said.append(trace);
  }
  return element("div", { class: "notice", "data-kind": "error", role: "alert" }, said);
}

/** @param {string} text */
function textNode(text) {
  if (/^data:image\/(png|jpeg|gif|webp);base64,/.test(text)) return picture(text);
  return element("pre", { class: "result__text" }, text);
}

/** @param {string} base64 */
function binaryNode(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const type = pictureType(bytes);
  const url = URL.createObjectURL(new Blob([bytes], { type: type || "application/octet-stream" }));
  const name = `result.${type ? type.split("/")[1] : "bin"}`;
  const size = bytes.length < 2048 ? `${bytes.length} bytes` : `${(bytes.length / 1024).toFixed(1)} KiB`;
  const link = element("a", { href: url, download: name, class: "button-quiet button-small" }, `Save ${name} (${size})`);
  return type ? element("div", { class: "stack" }, picture(url), element("p", {}, link)) : element("p", {}, link);
}

/** @param {string} source */
function picture(source) {
  return element("img", { src: source, alt: "The result, a picture", class: "result__picture" });
}

/** @param {Uint8Array} bytes @returns {string} */
function pictureType(bytes) {
  const start = String.fromCharCode(...bytes.slice(0, 12));
  if (start.startsWith("\x89PNG")) return "image/png";
  if (start.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (start.startsWith("GIF8")) return "image/gif";
  return start.startsWith("RIFF") && start.endsWith("WEBP") ? "image/webp" : "";
}

/** @param {unknown} value @returns {value is Record<string, unknown>[]} */
function isTable(value) {
  if (!Array.isArray(value) || value.length < 2) return false;
  const flat = (/** @type {unknown} */ cell) => cell === null || typeof cell !== "object";
  return value.every((row) => row && !Array.isArray(row) && typeof row === "object" && Object.values(row).every(flat));
}

/** @param {Record<string, unknown>[]} rows */
function tableNode(rows) {
  const names = [...new Set(rows.flatMap(Object.keys))];
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
  const body = rows.slice(0, ROWS).map((row) =>
    element("tr", {}, ...names.map((name) => {
      const number = typeof row[name] === "number";
      return element("td", number ? { "data-number": "" } : {}, row[name] === undefined ? "" : String(row[name]));
    })),
  );
  const table = element("table", { class: "table" }, element("thead", {}, head), element("tbody", {}, ...body));
  const raw = element("details", {}, element("summary", {}, "As JSON"), element("div", { class: "tree-wrap" }, jsonTree(rows)));
  const rest = rows.length > ROWS ? [element("p", { class: "help" }, `The first ${ROWS} of ${rows.length} rows; all are in the JSON.`)] : [];
  return element("div", { class: "stack" }, element("div", { class: "table-wrap" }, table), ...rest, raw);
}
