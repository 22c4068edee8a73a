import { settle } from "./settling.js";
import { gettext } from "./words.js";

/**
 * Commit what is unsaved. If somebody else has saved meanwhile nothing of either is lost:
 * what does not touch is put together, and for the rest one sees both sides.
 * @param {CodeWorkshop} workshop
 * @returns {Promise<boolean>} whether everything is saved now
 */
export async function save(workshop) {
  const { files } = workshop;
  if (workshop.isReadOnly) return false;
  if (!files.isChanged) {
    workshop.say(gettext("Everything is saved."));
    return true;
  }
  const paths = Object.keys(files.changes);
  const message = paths.length === 1 ? `Edit ${paths[0]}` : `Edit ${paths.length} files`;
  /** @type {{ commit?: string, conflict?: string, problem?: string }} */
  const { commit, conflict, problem } = await files.save(message).catch(() => ({ problem: gettext("the site did not answer. What you typed is still here.") }));
  if (commit) {
    workshop.say(gettext("Saved as {commit}.", { commit: commit.slice(0, 8) }));
    return true;
  }
  if (conflict) return settle(workshop, message, conflict);
  workshop.say(gettext("Not saved: {problem}", { problem: problem ?? "" }));
  return false;
}
