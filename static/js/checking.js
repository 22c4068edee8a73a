import { addLine } from "./dependencies.js";
import { missingPackages } from "./script-checks.js";
import { gettext } from "./words.js";

/** @typedef {{ line: number, column: number, severity: "error" | "warning", message: string, package: string }} Finding */

/**
 * Ask the site what is wrong with a file as it is typed, with what mends it.
 * @param {CodeWorkshop} workshop
 * @returns {(path: string, text: string) => Promise<CodeProblem[]>}
 */
export function checker(workshop) {
  return async (path, text) => {
    if (workshop.isReadOnly) return [];
    const { files } = workshop;
    const requirements = await files.read(workshop.getAttribute("requirements") ?? "").catch(() => "");
    if (!path.endsWith(".py")) return missingPackages(text, requirements).map((finding) => ({ ...finding, actions: remedies(workshop, finding) }));
    const answer = await files.post("check/", { path, text, requirements, paths: files.paths }).catch(() => null);
    if (!answer?.ok) return [];
    const { findings } = await answer.json();
    return findings.map((/** @type {Finding} */ finding) => ({ ...finding, actions: remedies(workshop, finding) }));
  };
}

/** @param {CodeWorkshop} workshop @param {Finding} finding */
function remedies(workshop, finding) {
  const name = finding.package;
  if (!name) return [];
  const apply = async () => {
    workshop.say(gettext("Looking for {name} in the package index…", { name }));
    workshop.say(await addLine(workshop, name));
    workshop.editor.recheck();
  };
  return [{ name: gettext("Add {name} to the dependencies", { name }), apply }];
}
