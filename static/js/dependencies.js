import "./package-finder.js";
import { element } from "./dom.js";
import { newest } from "./package-finder.js";
import { unreadable, withPackage } from "./packages.js";
import { save } from "./saving.js";
import { gettext } from "./words.js";

/**
 * Ask for a package's newest version and put it into the requirements file.
 * @param {CodeWorkshop} workshop
 * @param {string} name
 * @returns {Promise<string>} what was done, in words
 */
export async function addLine(workshop, name) {
  const path = workshop.getAttribute("requirements") ?? "";
  const { version, problem, isAway } = await newest(workshop.files.base, name);
  if (!version && !isAway) return problem;
  const changed = withPackage(path, await workshop.files.read(path).catch(() => ""), name, version);
  if (!changed) return unreadable(path);
  const { text, line } = changed;
  workshop.files.write(path, text);
  return gettext("{line} is in {path} now. It is installed with the next build.", { line, path }) + (isAway ? ` ${problem}` : "");
}

/** The dependencies page in a dialog, on what is typed and not yet saved. @param {CodeWorkshop} workshop */
export async function editDependencies(workshop) {
  const path = workshop.getAttribute("requirements") ?? "";
  const text = await workshop.files.read(path);
  const answer = await fetch(`${workshop.files.base}dependencies/`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const content = page.querySelector("[data-dialog]");
  if (!content) return workshop.say(gettext("The dependencies could not be read; try again."));
  const dialog = /** @type {HTMLDialogElement} */ (element("dialog", { class: "dialog dialog--wide", "aria-labelledby": "dependencies-title" }));
  dialog.append(content);
  document.body.append(dialog);
  const area = /** @type {HTMLTextAreaElement} */ (dialog.querySelector("textarea"));
  area.value = text;
  for (const button of dialog.querySelectorAll("[data-close]")) button.toggleAttribute("hidden", false);
  dialog.addEventListener("click", (event) => /** @type {HTMLElement} */ (event.target).closest("[data-close]") && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("submit", async (event) => {
    event.preventDefault();
    const now = area.value;
    dialog.close();
    workshop.files.write(path, now);
    if (workshop.current === path) await workshop.editor.show(path, now);
    workshop.editor.recheck();
    await save(workshop);
  });
  dialog.showModal();
}
