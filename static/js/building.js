import { byId } from "./dom.js";
import { save } from "./saving.js";

const WORDS = { succeeded: "Built", failed: "Build failed", fault: "Our fault", cancelled: "Cancelled" };

/**
 * Save, then build what is saved, with the log beside it; the console then runs that build.
 * @param {CodeWorkshop} workshop
 */
export async function build(workshop) {
  if (!workshop.files || workshop.isReadOnly || !(await save(workshop))) return;
  const answer = await workshop.files.post("builds/", { commit: workshop.files.commit });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) return workshop.say(`Not built: ${body.error?.message ?? `status ${answer.status}`}`);
  byId("drawer-log").toggleAttribute("open", true);
  workshop.log?.follow(body.socket_url, body.log_url);
  watch(workshop, workshop.files.commit);
}

/** Say how the build whose log is shown ends. @param {CodeWorkshop} workshop @param {string} commit */
export function watch(workshop, commit) {
  show("running", `Building ${commit.slice(0, 8)}`);
  workshop.log?.addEventListener("ended", (event) => ended(workshop, commit, /** @type {any} */ (event).detail), { once: true });
}

/**
 * @param {CodeWorkshop} workshop
 * @param {string} commit
 * @param {{ state: keyof typeof WORDS, error: string }} end
 */
function ended(workshop, commit, { state, error }) {
  show(state, `${WORDS[state] ?? state} ${commit.slice(0, 8)}`);
  workshop.say(state === "succeeded" ? "The build is ready: try it in the console." : `The build did not succeed. ${error}`);
  if (state === "succeeded") offer(workshop, commit);
}

/** Point the console at a build. @param {HTMLElement} workshop @param {string} commit */
function offer(workshop, commit) {
  const console_ = byId("console");
  console_.setAttribute("action", `${workshop.getAttribute("call")}${commit}`);
  console_.querySelector("[data-run]")?.removeAttribute("disabled");
  byId("console-commit").textContent = commit.slice(0, 8);
  byId("publish").setAttribute("aria-disabled", "false");
}

/** @param {string} state @param {string} text */
function show(state, text) {
  const badge = byId("built");
  badge.textContent = text;
  badge.dataset.kind = { succeeded: "success", failed: "error", fault: "error" }[state] ?? "";
}
