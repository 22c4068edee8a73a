import { element } from "./dom.js";
import { gettext } from "./words.js";

/** `<editor-tabs>`: the open files. Dispatches `choose` and `leave` with a path. */
export class EditorTabs extends HTMLElement {
  /** @type {string[]} */
  open = [];
  current = "";

  /** @param {Workspace} workspace */
  follow(workspace) {
    workspace.addEventListener("change", () => this.draw(workspace));
  }

  /** @param {Workspace} workspace */
  draw(workspace) {
    this.open = this.open.filter((path) => workspace.paths.includes(path));
    this.replaceChildren(...this.open.map((path) => this.#tab(path, workspace.isChangedAt(path))));
  }

  /** @param {string} path @param {boolean} isChanged */
  #tab(path, isChanged) {
    const name = element("button", { type: "button", title: path }, path.split("/").at(-1) ?? path);
    if (isChanged) name.append(element("span", { class: "unsaved", "aria-hidden": "true" }, " ●"), element("span", { class: "visually-hidden" }, ` ${gettext("not saved")}`));
    if (path === this.current) name.setAttribute("aria-current", "true");
    const close = element("button", { type: "button", class: "close", "aria-label": gettext("Close {path}", { path }) }, "×");
    name.addEventListener("click", () => this.#tell("choose", path));
    close.addEventListener("click", () => this.#tell("leave", path));
    return element("span", { class: "tab" }, name, close);
  }

  /** @param {string} event @param {string} path */
  #tell(event, path) {
    this.dispatchEvent(new CustomEvent(event, { detail: path }));
  }
}

customElements.define("editor-tabs", EditorTabs);
