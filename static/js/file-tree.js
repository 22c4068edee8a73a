import { element } from "./dom.js";

/**
 * `<file-tree>`: the files of a workspace, with folders that fold.
 * Dispatches `choose` with a path; new, rename and delete are asked for with a dialog of the browser.
 */
export class FileTree extends HTMLElement {
  /** @type {Workspace | null} */
  #workspace = null;
  current = "";

  /** @param {Workspace} workspace */
  follow(workspace) {
    this.#workspace = workspace;
    workspace.addEventListener("change", () => this.draw());
  }

  draw() {
    const focused = this.contains(document.activeElement) && document.activeElement?.getAttribute("data-path");
    this.replaceChildren(this.#folder(this.#workspace?.paths ?? [], ""));
    if (focused) /** @type {HTMLElement | null} */ (this.querySelector(`[data-path="${CSS.escape(focused)}"]`))?.focus();
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
    return element("details", { open: "" }, element("summary", {}, name), this.#folder(paths, `${prefix}${name}/`));
  }

  /** @param {string} path @param {string} name */
  #file(path, name) {
    const isChanged = this.#workspace?.isChangedAt(path);
    const button = element("button", { type: "button", "data-path": path }, name);
    if (isChanged) button.append(element("span", { class: "unsaved", title: "not saved" }, " ●"), element("span", { class: "visually-hidden" }, " not saved"));
    if (path === this.current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("choose", { detail: path })));
    return button;
  }
}

customElements.define("file-tree", FileTree);
