import { askText, asked } from "./asking.js";
import { element } from "./dom.js";
import { mainFile } from "./main-file.js";
import { gettext } from "./words.js";

const LARGEST = 8 * 1024 * 1024;

/** @param {CodeWorkshop} workshop */
export async function newFile(workshop) {
  const path = await askText({
    title: gettext("New file"),
    label: gettext("Path"),
    value: workshop.tree.folder,
    button: gettext("Create"),
    help: gettext("Folders are made as needed: data/words.json"),
  });
  if (!path || path.endsWith("/")) return;
  if (workshop.files.paths.includes(path)) return workshop.open(path);
  workshop.files.write(path, "");
  await workshop.open(path);
  workshop.editor.focus();
}

/** Rename the chosen file or folder. @param {CodeWorkshop} workshop */
export async function rename(workshop) {
  const from = workshop.tree.chosen || workshop.current;
  const given = await askText({ title: gettext("Rename {path}", { path: from }), label: gettext("New path"), value: from, button: gettext("Rename") });
  if (!given || given === from) return;
  const to = from.endsWith("/") && !given.endsWith("/") ? `${given}/` : given;
  const { paths } = workshop.files;
  const taken = workshop.files.inside(from).find((path) => paths.includes(to + path.slice(from.length)));
  if (taken) return workshop.say(gettext("{path} is there already; nothing was renamed.", { path: to + taken.slice(from.length) }));
  const current = workshop.current.startsWith(from) ? to + workshop.current.slice(from.length) : workshop.current;
  await workshop.files.rename(from, to);
  await workshop.open(current);
}

/** Remove the chosen file or folder; nothing is gone before it is saved. @param {CodeWorkshop} workshop */
export async function remove(workshop) {
  const place = workshop.tree.chosen || workshop.current;
  if (place.endsWith("/")) {
    const number = workshop.files.inside(place).length;
    const said = element("p", { class: "dialog__content" }, gettext("It holds {number} files. They are gone when you save; git keeps their past.", { number }));
    if (!(await asked(gettext("Delete {path}?", { path: place }), [said], [["yes", gettext("Delete the folder"), "button-danger"]]))) return;
  }
  await workshop.files.remove(place);
  workshop.say(gettext("{path} will be gone when you save. Git keeps its past.", { path: place }));
  await workshop.open(workshop.tabs.open.find((path) => workshop.files.paths.includes(path)) ?? mainFile(workshop.files.paths));
}

/**
 * Put files of one's machine into a folder of the algorithm; asks which if none are given.
 * @param {CodeWorkshop} workshop
 * @param {File[]} [given]
 * @param {string} [folder]
 */
export async function upload(workshop, given, folder = workshop.tree.folder) {
  if (workshop.isReadOnly) return;
  const chosen = given ?? (await chosenFiles());
  const refused = chosen.filter((file) => file.size > LARGEST);
  const taken = chosen.filter((file) => file.size <= LARGEST);
  for (const file of taken) await take(workshop, file, folder + file.name);
  if (taken.length) await workshop.open(folder + taken[0]?.name);
  const said = taken.length ? gettext("{number} files added; save to keep them.", { number: taken.length }) : "";
  const large = refused.length ? gettext("{names}: too large for a repository. Keep models and data in a data collection.", { names: refused.map((file) => file.name).join(", ") }) : "";
  workshop.say(`${said} ${large}`.trim());
}

/** @param {CodeWorkshop} workshop @param {File} file @param {string} path */
async function take(workshop, file, path) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  await workshop.files.read(path); // what is there now is what it will differ from
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return workshop.files.write(path, text);
  } catch {
    // not text: kept as bytes
  }
  let letters = "";
  for (let at = 0; at < bytes.length; at += 32768) letters += String.fromCharCode(...bytes.subarray(at, at + 32768));
  workshop.files.write(path, "", btoa(letters));
}

/** @returns {Promise<File[]>} */
function chosenFiles() {
  const input = /** @type {HTMLInputElement} */ (element("input", { type: "file", multiple: "" }));
  return new Promise((resolve) => {
    input.addEventListener("change", () => resolve([...(input.files ?? [])]));
    input.addEventListener("cancel", () => resolve([]));
    input.click();
  });
}
