/** The file one most likely wants to see. @param {string[]} paths */
export function mainFile(paths) {
  return paths.find((path) => /^src\/(?!.*(_test|__init__)\.py$).*\.py$/.test(path)) ?? paths[0] ?? "";
}
