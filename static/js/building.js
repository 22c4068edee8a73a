import { byId } from "./dom.js";
import { save } from "./saving.js";
import { gettext } from "./words.js";

const KINDS = /** @type {Record<string, string>} */ ({ succeeded: "success", failed: "error", fault: "error" });

/**
 * Save, then build what is saved, with the log beside it; the console then runs that build.
 * @param {CodeWorkshop} workshop
 * @returns {Promise<boolean>} whether there is a good build of what is saved at the end
 */
export async function build(workshop) {
  if (workshop.isReadOnly || !(await save(workshop))) return false;
  const { commit } = workshop.files;
  const answer = await workshop.files.post("builds/", { commit });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    workshop.say(gettext("Not built: {problem}", { problem: body.error?.message ?? String(answer.status) }));
    return false;
  }
  byId("drawer-log").toggleAttribute("open", true);
  workshop.log?.setAttribute("cancel", body.cancel_url);
  workshop.log?.follow(body.socket_url, body.log_url);
  return watch(workshop, commit);
}

/** Build what one sees, then run it in the console. @param {CodeWorkshop} workshop */
export async function buildThenRun(workshop) {
  workshop.say(gettext("Building it first; then it runs."));
  const isBuilt = await build(workshop);
  if (isBuilt) await /** @type {any} */ (byId("console")).run(false);
}

/**
 * Say how the build whose log is shown ends.
 * @param {CodeWorkshop} workshop @param {string} commit
 * @returns {Promise<boolean>}
 */
export function watch(workshop, commit) {
  show("running", gettext("Building {commit}", { commit: commit.slice(0, 8) }));
  offerCancel(true);
  return new Promise((resolve) => {
    workshop.log?.addEventListener("ended", (event) => resolve(ended(workshop, commit, /** @type {any} */ (event).detail)), { once: true });
  });
}

/**
 * @param {CodeWorkshop} workshop
 * @param {string} commit
 * @param {{ state: string, error: string }} end
 */
function ended(workshop, commit, { state, error }) {
  const words = /** @type {Record<string, string>} */ ({
    succeeded: gettext("Built {commit}", { commit: commit.slice(0, 8) }),
    failed: gettext("Build failed {commit}", { commit: commit.slice(0, 8) }),
    fault: gettext("Our fault {commit}", { commit: commit.slice(0, 8) }),
    cancelled: gettext("Cancelled {commit}", { commit: commit.slice(0, 8) }),
  });
  offerCancel(false);
  show(state, words[state] ?? state);
  const isGood = state === "succeeded";
  workshop.say(isGood ? gettext("The build is ready: try it in the console.") : `${gettext("The build did not succeed.")} ${error}`);
  if (isGood) offer(workshop, commit);
  if (isGood && !byId("drawer-log").contains(document.activeElement)) byId("drawer-log").toggleAttribute("open", false);
  return isGood;
}

/** Point the console at a build. @param {HTMLElement} workshop @param {string} commit */
function offer(workshop, commit) {
  const console_ = byId("console");
  console_.setAttribute("action", `${workshop.getAttribute("call")}${commit}`);
  console_.setAttribute("built", commit);
  byId("console-newer").hidden = true;
  byId("console-commit").textContent = commit.slice(0, 8);
  byId("publish").setAttribute("aria-disabled", "false");
  byId("tests").setAttribute("commit", commit);
}

/** @param {boolean} isBuilding */
function offerCancel(isBuilding) {
  const cancel = document.querySelector("[data-action=cancel-build]");
  cancel?.toggleAttribute("hidden", !isBuilding);
}

/** @param {string} state @param {string} text */
function show(state, text) {
  const badge = byId("built");
  badge.textContent = text;
  badge.dataset.kind = KINDS[state] ?? "";
}
