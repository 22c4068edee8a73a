import { asked } from "./asking.js";
import { element } from "./dom.js";

/**
 * Commit what is unsaved. If somebody else has saved meanwhile, both sides are kept:
 * theirs stays in the history, and one decides what the newest files are.
 * @param {CodeWorkshop} workshop
 * @returns {Promise<boolean>} whether everything is saved now
 */
export async function save(workshop) {
  const { files } = workshop;
  if (!files || workshop.isReadOnly) return false;
  if (!files.isChanged) {
    workshop.say("Everything is saved.");
    return true;
  }
  const paths = Object.keys(files.changes);
  const message = paths.length === 1 ? `Edit ${paths[0]}` : `Edit ${paths.length} files`;
  const { commit, conflict, problem } = await files.save(message);
  if (commit) {
    workshop.say(`Saved as ${commit.slice(0, 8)}.`);
    return true;
  }
  if (conflict) return settle(workshop, message, conflict);
  workshop.say(`Not saved: ${problem}`);
  return false;
}

/** @param {CodeWorkshop} workshop @param {string} message @param {string} head */
async function settle(workshop, message, head) {
  const { files } = workshop;
  if (!files) return false;
  const mine = Object.entries(files.changes);
  const list = element("ul", {}, ...mine.map(([path]) => element("li", {}, element("code", {}, path))));
  const content = element(
    "div",
    { class: "dialog__content stack" },
    element("p", {}, `Somebody saved ${head.slice(0, 8)} while you were typing: a colleague, a push, or another tab of yours. Your changes are in:`),
    list,
    element("p", {}, "Nothing is lost either way: what they saved stays in the history."),
  );
  const choice = await asked("Two versions of these files", [content], [
    ["mine", "Save mine on top of theirs"],
    ["copies", "Keep theirs, save mine as copies", "button-quiet"],
  ]);
  if (!choice) return false;
  if (choice === "copies") {
    for (const [path, text] of mine) {
      files.forget(path);
      if (text !== null) files.write(copyName(path), text);
    }
  }
  const { commit, problem } = await files.save(message, head);
  workshop.say(commit ? `Saved as ${commit.slice(0, 8)}, on top of theirs.` : `Not saved: ${problem}`);
  if (commit) await workshop.open(workshop.current);
  return Boolean(commit);
}

/** @param {string} path `src/Hello.py` → `src/Hello.mine.py` */
function copyName(path) {
  const dot = path.lastIndexOf(".");
  return dot > path.lastIndexOf("/") ? `${path.slice(0, dot)}.mine${path.slice(dot)}` : `${path}.mine`;
}
