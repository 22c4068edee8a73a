import { gettext } from "./words.js";
import { askedIn } from "./packages.js";

// What can be said of a JavaScript file without running it: syntax, and missing packages.

const IMPORTED = /\brequire\s*\(\s*(["'])([^"'\n]+)\1\s*\)|\bimport\s*\(\s*(["'])([^"'\n]+)\3|^[ \t]*(?:import|export)\b[^"'\n;]*?(["'])([^"'\n]+)\5/gm;
const BUILT_IN = new Set(
  ("assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2 https inspector " +
    "module net os path perf_hooks process punycode querystring readline repl stream string_decoder sys timers tls trace_events tty url util v8 vm wasi worker_threads zlib").split(" "),
);
const MOST = 20;

/** @typedef {import("./checking.js").Finding} Finding */

/** Names that no line of package.json provides. @param {string} text @param {string} manifest @returns {Finding[]} */
export function missingPackages(text, manifest) {
  const asked = new Set(askedIn("package.json", manifest).map(({ name }) => name));
  const code = text.replace(/\/\*[\s\S]*?\*\/|(^|[^:"'`])\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, " "));
  return [...code.matchAll(IMPORTED)].flatMap((found) => {
    const module = found[2] ?? found[4] ?? found[6];
    const name = packageOf(module);
    if (!name || asked.has(name)) return [];
    const before = text.slice(0, found.index + found[0].lastIndexOf(module));
    return [place(before, "warning", gettext("No line of package.json seems to provide the module {name}.", { name }), name)];
  });
}

/** What the editor's own parser could not read. @param {any} library @param {any} state @returns {Finding[]} */
export function syntaxErrors(library, state) {
  const tree = library.ensureSyntaxTree(state, state.doc.length, 200);
  /** @type {Finding[]} */
  const found = [];
  tree?.iterate({
    enter: (/** @type {any} */ node) => {
      if (!node.type.isError || found.length >= MOST) return;
      const before = state.doc.sliceString(0, node.from);
      const one = place(before, "error", gettext("Syntax error: this cannot be read here."));
      if (found.at(-1)?.line !== one.line) found.push(one);
    },
  });
  return found;
}

/** @param {string} before @param {"error" | "warning"} severity @param {string} message @param {string} name @returns {Finding} */
function place(before, severity, message, name = "") {
  const lines = before.split("\n");
  return { line: lines.length, column: lines[lines.length - 1].length, severity, message, package: name };
}

/** The package of `lodash/fp` or `@scope/name/part`; none of a file or of what Node.js brings. @param {string} module */
function packageOf(module) {
  if (/^[./#]|^node:|^[a-z]+:/.test(module)) return "";
  const parts = module.split("/");
  const name = module.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
  return BUILT_IN.has(name) ? "" : name;
}
