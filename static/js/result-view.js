import { element } from "./dom.js";
import { jsonTree } from "./json-tree.js";
import { gettext } from "./words.js";

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
  const media = mediaIn(result);
  if (media.length) return element("div", { class: "stack" }, ...media, treeNode(result));
  if (isTable(result)) return tableNode(result);
  return treeNode(result);
}

/** @param {unknown} value */
function treeNode(value) {
  return element("div", { class: "tree-wrap" }, jsonTree(value));
}

/** @param {CallError} error */
function errorNode({ message, error_type, stacktrace }) {
  if (error_type === "Cancelled") {
    const words = element("div", {}, element("strong", {}, gettext("Cancelled")), element("p", {}, message));
    return element("div", { class: "notice", "data-kind": "info" }, words);
  }
  const said = element("div", {}, element("strong", {}, error_type ?? gettext("Not run")), element("p", {}, message));
  if (stacktrace) {
    const trace = element("details", {}, element("summary", {}, gettext("Where it happened")), element("pre", {}, stacktrace));
    said.append(trace);
  }
  return element("div", { class: "notice", "data-kind": "error", role: "alert" }, said);
}

/** @param {string} text */
function textNode(text) {
  const found = mediaNode(text);
  if (found) return found;
  return element("pre", { class: "result__text" }, text);
}

/** A picture, a sound or a file of the site, where a text is the address of one. @param {string} text @returns {HTMLElement | null} */
function mediaNode(text) {
  if (/^data:image\/(png|jpeg|gif|webp);base64,/.test(text)) return picture(text);
  if (/^data:audio\/[\w.+-]+;base64,/.test(text)) return element("audio", { src: text, controls: "", class: "result__sound" });
  const path = /^data:\/\/([\w.-]+\/[\w.-]+\/[\w. -]+)$/.exec(text)?.[1];
  if (!path) return null;
  const address = path.startsWith(".") ? null : `/collections/${path.split("/").slice(0, 2).join("/")}/files/${encodeURIComponent(path.split("/")[2] ?? "")}`;
  const copy = element("copy-button", { value: text, label: gettext("Copy the path") });
  const link = address ? element("a", { href: address, class: "button-quiet button-small" }, text) : element("code", {}, text);
  return element("p", { class: "copy" }, link, copy);
}

/** What an answer's fields show besides themselves. @param {unknown} value */
function mediaIn(value) {
  if (!value || typeof value !== "object" || Array.isArray(value)) return [];
  return Object.values(value).flatMap((one) => (typeof one === "string" ? mediaNode(one) ?? [] : []));
}

/** @param {string} base64 */
function binaryNode(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const type = pictureType(bytes) || soundType(bytes);
  const url = URL.createObjectURL(new Blob([bytes], { type: type || "application/octet-stream" }));
  const name = `result.${type ? type.split("/")[1] : "bin"}`;
  const size = bytes.length < 2048 ? gettext("{count} bytes", { count: bytes.length }) : `${(bytes.length / 1024).toFixed(1)} KiB`;
  const link = element("a", { href: url, download: name, class: "button-quiet button-small" }, gettext("Save {name} ({size})", { name, size }));
  if (!type) return element("p", {}, link);
  const shown = type.startsWith("audio") ? element("audio", { src: url, controls: "", class: "result__sound" }) : picture(url);
  return element("div", { class: "stack" }, shown, element("p", {}, link));
}

/** @param {string} source */
function picture(source) {
  return element("img", { src: source, alt: gettext("The result, a picture"), class: "result__picture" });
}

/** @param {Uint8Array} bytes @returns {string} */
function pictureType(bytes) {
  const start = String.fromCharCode(...bytes.slice(0, 12));
  if (start.startsWith("\x89PNG")) return "image/png";
  if (start.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (start.startsWith("GIF8")) return "image/gif";
  return start.startsWith("RIFF") && start.endsWith("WEBP") ? "image/webp" : "";
}

/** @param {Uint8Array} bytes @returns {string} */
function soundType(bytes) {
  const start = String.fromCharCode(...bytes.slice(0, 12));
  if (start.startsWith("RIFF") && start.endsWith("WAVE")) return "audio/wav";
  if (start.startsWith("ID3") || start.startsWith("\xff\xfb")) return "audio/mpeg";
  if (start.startsWith("OggS")) return "audio/ogg";
  return start.startsWith("fLaC") ? "audio/flac" : "";
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
  const raw = element("details", {}, element("summary", {}, gettext("As JSON")), element("div", { class: "tree-wrap" }, jsonTree(rows)));
  const rest = rows.length > ROWS ? [element("p", { class: "help" }, gettext("The first {shown} of {all} rows; all are in the JSON.", { shown: ROWS, all: rows.length }))] : [];
  return element("div", { class: "stack" }, element("div", { class: "table-wrap" }, table), ...rest, raw);
}
