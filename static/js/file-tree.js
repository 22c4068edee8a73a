import { element } from "./dom.js";
import { gettext } from "./words.js";

/**
 * `<file-tree>`: the files of a workspace, with folders that fold. Dispatches `choose` with a path,
 * and `dropped` with files and the folder they were dropped on. A folder is chosen by its line.
 */
export class FileTree extends HTMLElement {
  /** @type {Workspace | null} */
  #workspace = null;
  /** @type {Set<string>} */
  #folded = new Set();
  current = "";
  /** The file or folder (`data/`) that Rename and Delete speak of. */
  chosen = "";

  connectedCallback() {
    for (const name of ["dragover", "dragleave", "drop"]) {
      this.addEventListener(name, (event) => this.#dragged(/** @type {DragEvent} */ (event)));
    }
  }

  /** @param {Workspace} workspace */
  follow(workspace) {
    this.#workspace = workspace;
    workspace.addEventListener("change", () => this.draw());
  }

  /** Where a new file most likely belongs. */
  get folder() {
    const place = this.chosen || this.current;
    return place.endsWith("/") ? place : place.slice(0, place.lastIndexOf("/") + 1);
  }

  draw() {
    const focused = this.contains(document.activeElement) && document.activeElement?.getAttribute("data-path");
    if (!this.chosen.endsWith("/")) this.chosen = this.current;
    this.replaceChildren(this.#folder(this.#workspace?.paths ?? [], ""));
    if (focused) /** @type {HTMLElement | null} */ (this.querySelector(`[data-path="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {DragEvent} event */
  #dragged(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const line = /** @type {HTMLElement} */ (event.target).closest("[data-path]");
    const path = line?.getAttribute("data-path") ?? "";
    this.toggleAttribute("data-over", event.type === "dragover");
    if (event.type !== "drop") return;
    const detail = { files: [...event.dataTransfer.files], folder: path.slice(0, path.lastIndexOf("/") + 1) };
    this.dispatchEvent(new CustomEvent("dropped", { detail }));
  }

  /** @param {string[]} paths @param {string} prefix @returns {HTMLElement} */
  #folder(paths, prefix) {
    const inside = paths.filter((path) => path.startsWith(prefix));
    const names = [...new Set(inside.map((path) => path.slice(prefix.length).split("/")[0] ?? ""))];
    const isFolder = (/** @type {string} */ name) => !inside.includes(prefix + name);
    names.sort((one, other) => Number(isFolder(other)) - Number(isFolder(one)));
    const rows = names.map((name) => element("li", {}, isFolder(name) ? this.#fold(inside, prefix, name) : this.#file(prefix + name, name)));
    return element("ul", {}, ...rows);
  }

  /** @param {string[]} paths @param {string} prefix @param {string} name */
  #fold(paths, prefix, name) {
    const path = `${prefix}${name}/`;
    const line = element("summary", { "data-path": path }, name);
    if (path === this.chosen) line.setAttribute("data-chosen", "");
    const fold = /** @type {HTMLDetailsElement} */ (element("details", {}, line, this.#folder(paths, path)));
    fold.open = !this.#folded.has(path);
    fold.addEventListener("toggle", () => (fold.open ? this.#folded.delete(path) : this.#folded.add(path)));
    line.addEventListener("click", () => this.#choose(path));
    return fold;
  }

  /** @param {string} path @param {string} name */
  #file(path, name) {
    const button = element("button", { type: "button", "data-path": path }, name);
    if (this.#workspace?.isChangedAt(path)) {
      button.append(element("span", { class: "unsaved", "aria-hidden": "true" }, " ●"), element("span", { class: "visually-hidden" }, ` ${gettext("not saved")}`));
    }
    if (path === this.current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => {
      this.#choose(path);
      this.dispatchEvent(new CustomEvent("choose", { detail: path }));
    });
    return button;
  }

  /** @param {string} path */
  #choose(path) {
    this.chosen = path;
    for (const line of this.querySelectorAll("[data-path]")) line.toggleAttribute("data-chosen", line.getAttribute("data-path") === path);
  }
}

customElements.define("file-tree", FileTree);
