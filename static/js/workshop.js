import "./build-log.js";
import "./code-editor.js";
import "./console.js";
import "./editor-tabs.js";
import "./file-tree.js";
import "./remote-dialog.js";
import { byId } from "./dom.js";
import { askText } from "./asking.js";
import { build, watch } from "./building.js";
import { save } from "./saving.js";
import { Workspace } from "./workspace.js";

/** `<code-workshop base="/algorithms/o/n/" call="/v1/web/algo/o/n/">`: the editor's page. */
export class CodeWorkshop extends HTMLElement {
  tree = /** @type {FileTree} */ (byId("tree"));
  tabs = /** @type {EditorTabs} */ (byId("tabs"));
  editor = /** @type {CodeEditor} */ (byId("editor"));
  log = /** @type {BuildLog | null} */ (byId("log")); // readers have none
  current = "";

  async connectedCallback() {
    this.isReadOnly = this.hasAttribute("readonly");
    this.files = new Workspace(this.getAttribute("base") ?? "", this.getAttribute("token") ?? "");
    this.tree.follow(this.files);
    this.tabs.follow(this.files);
    this.files.addEventListener("change", () => this.#showSaved());
    this.tree.addEventListener("choose", (event) => this.open(detail(event)));
    this.tabs.addEventListener("choose", (event) => this.open(detail(event)));
    this.tabs.addEventListener("leave", (event) => this.#leave(detail(event)));
    this.editor.addEventListener("edit", () => this.files?.write(this.current, this.editor.text));
    this.log?.addEventListener("place", (event) => this.#goTo(/** @type {any} */ (event).detail));
    this.addEventListener("click", (event) => this.#act(event));
    addEventListener("keydown", (event) => this.#shortcut(event));
    addEventListener("beforeunload", (event) => this.files?.isChanged && event.preventDefault());
    const building = this.log?.getAttribute("building");
    if (building) watch(this, building);
    try {
      await this.files.load();
      await this.open(this.getAttribute("first") || mainFile(this.files.paths));
    } catch (error) {
      this.say(`The files could not be read: ${/** @type {Error} */ (error).message}`);
    }
  }

  /** @param {string} path */
  async open(path) {
    if (!path || !this.files) return;
    const text = await this.files.read(path);
    this.current = this.tree.current = this.tabs.current = path;
    if (!this.tabs.open.includes(path)) this.tabs.open.push(path);
    this.tree.draw();
    this.tabs.draw(this.files);
    await this.editor.show(path, text);
  }

  /** @param {string} text */
  say(text) {
    byId("workshop-status").textContent = text;
  }

  /** @param {string} path */
  async #leave(path) {
    this.tabs.open = this.tabs.open.filter((one) => one !== path);
    await this.open(path === this.current ? (this.tabs.open.at(-1) ?? "") : this.current);
    if (this.files) this.tabs.draw(this.files);
  }

  /** @param {{ path: string, line: number }} place */
  async #goTo({ path, line }) {
    const found = this.files?.paths.find((one) => one === path || one.endsWith(`/${path}`));
    if (!found) return;
    await this.open(found);
    this.editor.goTo(line);
  }

  /** @param {Event} event */
  async #act(event) {
    const action = /** @type {HTMLElement} */ (event.target).closest("[data-action]")?.getAttribute("data-action");
    if (action === "save") await save(this);
    if (action === "build") await build(this);
    if (action === "dependencies") await this.#dependencies();
    if (action === "new") await this.#newFile();
    if (action === "rename") await this.#rename();
    if (action === "delete") await this.#delete();
  }

  /** @param {KeyboardEvent} event */
  #shortcut(event) {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || this.isReadOnly) return;
    const act = { s: save, b: build }[event.key];
    if (!act) return;
    event.preventDefault();
    act(this);
  }

  async #dependencies() {
    const path = "requirements.txt";
    const value = await this.files?.read(path);
    const help = "One a line, as pip reads them: opencv-python-headless==4.10.0.84. The next build installs them.";
    const text = await askText({ title: "Dependencies", label: path, value, button: "Save dependencies", help, lines: 12 });
    if (text === null) return;
    this.files?.write(path, text);
    if (this.current === path) await this.editor.show(path, text);
    await save(this);
  }

  async #newFile() {
    const path = await askText({ title: "New file", label: "Path", value: "src/", button: "Create", help: "Folders are made as needed." });
    if (!path || path.endsWith("/")) return;
    if (this.files?.paths.includes(path)) return this.open(path);
    this.files?.write(path, "");
    await this.open(path);
    this.editor.focus();
  }

  async #rename() {
    const path = await askText({ title: `Rename ${this.current}`, label: "New path", value: this.current, button: "Rename" });
    if (!path || path === this.current) return;
    if (this.files?.paths.includes(path)) return this.say(`${path} is there already; nothing was renamed.`);
    await this.files?.rename(this.current, path);
    await this.open(path);
  }

  async #delete() {
    const path = this.current;
    await this.files?.remove(path);
    this.say(`${path} will be gone when you save. Git keeps its past.`);
    await this.open(this.tabs.open.at(-1) ?? mainFile(this.files?.paths ?? []));
  }

  #showSaved() {
    const number = Object.keys(this.files?.changes ?? {}).length;
    byId("saved").textContent = number ? `${number} unsaved` : `Saved ${this.files?.commit.slice(0, 8)}`;
    byId("saved").dataset.kind = number ? "warning" : "";
  }
}

/** @param {Event} event @returns {string} */
function detail(event) {
  return /** @type {CustomEvent<string>} */ (event).detail;
}

/** @param {string[]} paths */
function mainFile(paths) {
  return paths.find((path) => path.startsWith("src/") && path.endsWith(".py") && !path.endsWith("__init__.py")) ?? paths[0] ?? "";
}

customElements.define("code-workshop", CodeWorkshop);
