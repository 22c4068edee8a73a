import { gettext } from "./words.js";

// The file that names an algorithm's packages, whichever language it is written in.

/**
 * One package that such a file asks for.
 * @typedef {{ name: string, exact: string, shown: string }} Asked
 */

/** @param {string} path @param {string} text @returns {Asked[]} */
export function askedIn(path, text) {
  if (path.endsWith(".json")) {
    const { dependencies = {}, optionalDependencies = {} } = manifest(text) ?? {};
    return Object.entries({ ...dependencies, ...optionalDependencies }).map(([name, said]) => ({ name, exact: exactly(String(said)), shown: `"${name}": "${said}"` }));
  }
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
  return lines.filter((line) => line && !line.startsWith("-")).map((line) => ({ name: nameIn(line), exact: line.match(/==\s*([\w.+!-]+)\s*(;|$)/)?.[1] ?? "", shown: line }));
}

/**
 * The file with one package more, or with another version of it; nothing if it cannot be read.
 * @param {string} path @param {string} text @param {string} name @param {string} version empty: any
 * @returns {{ text: string, line: string } | null}
 */
export function withPackage(path, text, name, version) {
  if (path.endsWith(".json")) return withDependency(text, name, version);
  const line = version && !path.endsWith("packages.txt") ? `${name}==${version}` : name;
  const others = text.split("\n").filter((one) => one.trim() && nameIn(one).toLowerCase() !== name.toLowerCase());
  return { text: [...others, line, ""].join("\n"), line };
}

/** @param {string} text @param {string} name @param {string} version */
function withDependency(text, name, version) {
  const said = manifest(text);
  if (!said) return null;
  const dependencies = { ...said.dependencies, [name]: version || "*" };
  const sorted = Object.fromEntries(Object.entries(dependencies).sort(([one], [other]) => (one < other ? -1 : 1)));
  return { text: `${JSON.stringify({ ...said, dependencies: sorted }, null, 2)}\n`, line: `"${name}": "${version || "*"}"` };
}

/** What to say where `withPackage` gives nothing. @param {string} path */
export function unreadable(path) {
  return gettext("{path} is not valid JSON; mend it first.", { path });
}

/** @param {string} text @returns {Record<string, any> | null} */
function manifest(text) {
  try {
    const said = JSON.parse(text.trim() || "{}");
    return said && typeof said === "object" && !Array.isArray(said) ? said : null;
  } catch {
    return null;
  }
}

/** @param {string} said */
function exactly(said) {
  return /^\d+\.\d+\.\d+[\w.+-]*$/.test(said) ? said : "";
}

/** @param {string} line */
function nameIn(line) {
  return line.match(/^[A-Za-z0-9][A-Za-z0-9._-]*/)?.[0] ?? line;
}
