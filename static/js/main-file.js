/** The file one most likely wants to see. @param {string[]} paths */
export function mainFile(paths) {
  const isMain = (/** @type {string} */ path) => /^src\/.*\.(py|[cm]?js|r)$/i.test(path) && !/([._-]test|__init__)\.\w+$/.test(path);
  return paths.find(isMain) ?? paths[0] ?? "";
}
