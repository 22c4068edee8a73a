import { asked } from "./asking.js";
import { sideBySide } from "./code-mirror.js";
import { element } from "./dom.js";
import { gettext } from "./words.js";

/** @typedef {{ path: string, theirs: string | null, mine: string | null }} Overlap */

/**
 * Put together what somebody saved and what one has typed meanwhile.
 * @param {CodeWorkshop} workshop @param {string} message @param {string} head the commit of the other
 * @returns {Promise<boolean>} whether it is saved
 */
export async function settle(workshop, message, head) {
  const { files } = workshop;
  const overlaps = await overlapping(workshop, head);
  if (!overlaps.length) return finish(workshop, message, head, gettext("Nothing overlapped."));
  const choice = await choose(files, overlaps, head);
  if (choice === "copies") {
    for (const { path, mine } of overlaps) {
      files.forget(path);
      if (mine !== null) files.write(copyName(path), mine);
    }
  }
  return choice ? finish(workshop, message, head, "") : false;
}

/** @param {Workspace} files @param {Overlap[]} found @param {string} commit */
async function choose(files, found, commit) {
  /** @type {Map<string, () => string | null>} */
  const results = new Map();
  const parts = await Promise.all(found.map((overlap) => comparison(overlap, results)));
  const said = element("p", {}, gettext("Somebody saved {commit} while you were typing: a colleague, a push, or another tab of yours. You both changed what stands below.", { commit: commit.slice(0, 8) }));
  const help = element("p", { class: "help" }, gettext("Left is theirs, right is yours and can be edited; arrows carry a difference over. Nothing is lost: what they saved stays in the history."));
  const content = element("div", { class: "dialog__content stack settling" }, said, help, ...parts);
  const chosen = await asked(gettext("Two versions of these files"), [content], [
    ["mine", gettext("Save the right side")],
    ["copies", gettext("Keep theirs, save mine as copies"), "button-quiet"],
  ], "dialog--full");
  if (chosen === "mine") for (const [path, result] of results) files.write(path, result());
  return chosen;
}

/** What both have changed, and differently. @param {CodeWorkshop} workshop @param {string} head */
async function overlapping({ files }, head) {
  /** @type {Overlap[]} */
  const found = [];
  for (const [path, content] of Object.entries(files.changes)) {
    const theirs = await files.readAt(path, head);
    const mine = typeof content === "string" || content === null ? content : "";
    if (theirs !== files.savedText(path) && theirs !== mine) found.push({ path, theirs, mine });
  }
  return found;
}

/** @param {Overlap} overlap @param {Map<string, () => string | null>} results */
async function comparison({ path, theirs, mine }, results) {
  const place = element("div", { class: "settling__sides" });
  const part = element("section", { class: "settling__file", "aria-label": path }, element("h3", {}, element("code", {}, path)), place);
  if (mine === null || theirs === null) {
    place.append(element("p", {}, mine === null ? gettext("You deleted it, they changed it. Saving deletes it.") : gettext("They deleted it, you changed it. Saving brings it back.")));
    results.set(path, () => mine);
    return part;
  }
  const merged = await sideBySide(place, theirs, mine, path);
  if (merged) {
    results.set(path, merged);
    return part;
  }
  const left = /** @type {HTMLTextAreaElement} */ (element("textarea", { class: "code", rows: "12", readonly: "", "aria-label": gettext("Theirs: {path}", { path }) }));
  const right = /** @type {HTMLTextAreaElement} */ (element("textarea", { class: "code", rows: "12", "aria-label": gettext("Mine: {path}", { path }) }));
  [left.value, right.value] = [theirs, mine];
  place.append(left, right);
  results.set(path, () => right.value);
  return part;
}

/**
 * @param {CodeWorkshop} workshop @param {string} message @param {string} head @param {string} more
 * @returns {Promise<boolean>}
 */
async function finish(workshop, message, head, more) {
  const { files } = workshop;
  const { commit, conflict, problem } = await files.save(message, head);
  if (conflict) return settle(workshop, message, conflict); // and again somebody was faster
  workshop.say(commit ? `${gettext("Saved as {commit}, on top of theirs.", { commit: commit.slice(0, 8) })} ${more}`.trim() : gettext("Not saved: {problem}", { problem: problem ?? "" }));
  if (commit) await workshop.open(files.paths.includes(workshop.current) ? workshop.current : (files.paths[0] ?? ""));
  return Boolean(commit);
}

/** @param {string} path `src/Hello.py` → `src/Hello.mine.py` */
function copyName(path) {
  const dot = path.lastIndexOf(".");
  return dot > path.lastIndexOf("/") ? `${path.slice(0, dot)}.mine${path.slice(dot)}` : `${path}.mine`;
}
