import "./build-log.js";
import "./code-editor.js";
import "./console.js";
import "./editor-tabs.js";
import "./file-search.js";
import "./file-tree.js";
import "./publishing.js";
import "./remote-dialog.js";
import "./test-runner.js";
import { byId } from "./dom.js";
import { build, buildThenRun, watch } from "./building.js";
import { checker } from "./checking.js";
import { editDependencies } from "./dependencies.js";
import { newFile, remove, rename, upload } from "./file-actions.js";
import { mainFile } from "./main-file.js";
import { save } from "./saving.js";
import { gettext } from "./words.js";
import { Workspace } from "./workspace.js";

const NARROW = matchMedia("(width < 40rem)");

/** `<code-workshop base="/algorithms/o/n/" call="/v1/web/algo/o/n/">`: the editor's page. */
export class CodeWorkshop extends HTMLElement {
  tree = /** @type {FileTree} */ (byId("tree"));
  tabs = /** @type {EditorTabs} */ (byId("tabs"));
  editor = /** @type {CodeEditor} */ (byId("editor"));
  log = /** @type {BuildLog | null} */ (byId("log")); // readers have none
  files = new Workspace(this.getAttribute("base") ?? "", this.getAttribute("token") ?? "");
  current = "";
  #asked = 0;

  async connectedCallback() {
    this.isReadOnly = this.hasAttribute("readonly") || NARROW.matches;
    if (this.isReadOnly) this.editor.area.readOnly = true;
    this.editor.check = checker(this);
    this.tree.follow(this.files);
    this.tabs.follow(this.files);
    this.#listen();
    const building = this.log?.getAttribute("building");
    if (building) watch(this, building);
    this.#setTab(localStorage.getItem("tab-indents") !== "no");
    try {
      await this.files.load();
      await this.open(this.getAttribute("first") || mainFile(this.files.paths));
      const line = Number(this.getAttribute("line"));
      if (line) this.editor.goTo(line);
    } catch (error) {
      this.say(gettext("The files could not be read: {problem}", { problem: /** @type {Error} */ (error).message }));
    }
  }

  #listen() {
    this.files.addEventListener("change", () => this.#showSaved());
    for (const part of [this.tree, this.tabs, byId("search")]) part?.addEventListener("choose", (event) => this.#chosen(event));
    this.tree.addEventListener("dropped", (event) => upload(this, detail(event).files, detail(event).folder));
    this.tabs.addEventListener("leave", (event) => this.#leave(detail(event)));
    this.editor.addEventListener("edit", () => this.files.write(this.current, this.editor.text));
    this.editor.addEventListener("moved", (event) => this.#showPlace(detail(event)));
    this.addEventListener("place", (event) => this.goTo(detail(event)));
    this.addEventListener("click", (event) => this.#act(event));
    this.addEventListener("console:run", (event) => this.#beforeRun(event));
    addEventListener("keydown", (event) => this.#shortcut(event));
    addEventListener("beforeunload", (event) => this.files.isChanged && event.preventDefault());
    addEventListener("focus", () => this.#lookForOthers());
  }

  /** @param {string} path */
  async open(path) {
    if (!path) return;
    const asked = (this.#asked += 1);
    const text = await this.files.read(path);
    if (asked !== this.#asked) return; // another was chosen while it was read
    const isBinary = this.files.isBinary(path);
    this.current = this.tree.current = this.tabs.current = path;
    if (!this.tabs.open.includes(path)) this.tabs.open.push(path);
    this.tree.draw();
    this.tabs.draw(this.files);
    await this.editor.show(path, isBinary ? gettext("This file is not text. It is kept as it is.") : text, isBinary);
  }

  /** @param {string} text */
  say(text) {
    byId("workshop-status").textContent = text;
  }

  /** @param {{ path: string, line: number }} place */
  async goTo({ path, line }) {
    const found = this.files.paths.find((one) => one === path || one.endsWith(`/${path}`));
    if (!found) return;
    await this.open(found);
    this.editor.goTo(line);
  }

  /** @param {Event} event */
  async #chosen(event) {
    const wanted = detail(event);
    if (typeof wanted === "string") await this.open(wanted);
    else await this.goTo(wanted);
  }

  /** @param {string} path */
  async #leave(path) {
    this.tabs.open = this.tabs.open.filter((one) => one !== path);
    await this.open(path === this.current ? (this.tabs.open.at(-1) ?? mainFile(this.files.paths)) : this.current);
    this.tabs.draw(this.files);
  }

  /** @param {Event} event */
  async #act(event) {
    const target = /** @type {HTMLElement} */ (event.target).closest("[data-action]");
    const action = target?.getAttribute("data-action") ?? "";
    const actions = /** @type {Record<string, () => unknown>} */ ({
      save: () => save(this),
      build: () => build(this),
      "cancel-build": () => this.#cancelBuild(),
      dependencies: () => editDependencies(this),
      new: () => newFile(this),
      upload: () => upload(this),
      rename: () => rename(this),
      delete: () => remove(this),
      problems: () => this.editor.openProblems(),
      find: () => this.editor.openSearch(),
      tab: () => this.#setTab(target?.getAttribute("aria-pressed") !== "true"),
      "build-run": () => buildThenRun(this),
    });
    await actions[action]?.();
  }

  /** @param {KeyboardEvent} event */
  #shortcut(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || this.isReadOnly) return;
    const key = event.shiftKey ? `shift+${event.key.toLowerCase()}` : event.key;
    const act = { s: () => save(this), b: () => build(this), "shift+f": () => /** @type {FileSearch} */ (byId("search")).focus() }[key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** What runs is a build: without one, make it first; with an older one, say so. @param {Event} event */
  #beforeRun(event) {
    const newer = byId("console-newer");
    const built = byId("console").getAttribute("built") ?? "";
    if (newer) newer.hidden = !built || (built === this.files.commit && !this.files.isChanged);
    if (built || this.isReadOnly) return;
    event.preventDefault();
    buildThenRun(this);
  }

  async #cancelBuild() {
    const url = this.log?.getAttribute("cancel");
    if (url) await fetch(url, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": this.files.token } });
  }

  /** Tell of what somebody else has saved meanwhile, and show it where nothing of ours is lost. */
  async #lookForOthers() {
    const { commit } = await this.files.newest().catch(() => ({ commit: "" }));
    if (!commit || !this.files.commit || commit === this.files.commit) return;
    const named = { commit: commit.slice(0, 8) };
    if (this.files.isChanged) return this.say(gettext("Somebody has saved {commit} meanwhile. When you save, both are put together.", named));
    await this.files.load();
    await this.open(this.files.paths.includes(this.current) ? this.current : mainFile(this.files.paths));
    this.say(gettext("Somebody has saved {commit} meanwhile: this is how it is now.", named));
  }

  /** @param {boolean} indents */
  #setTab(indents) {
    localStorage.setItem("tab-indents", indents ? "yes" : "no");
    this.querySelector("[data-action=tab]")?.setAttribute("aria-pressed", String(indents));
    this.editor.ready?.then(() => this.editor.setTab(indents));
  }

  /** @param {{ line: number, column: number, problems: number }} place */
  #showPlace({ line, column, problems }) {
    byId("cursor").textContent = gettext("Line {line}, column {column}", { line, column });
    const button = byId("problems");
    button.hidden = !problems;
    button.textContent = problems === 1 ? gettext("1 problem") : gettext("{problems} problems", { problems });
  }

  #showSaved() {
    const number = Object.keys(this.files.changes).length;
    byId("saved").textContent = number ? gettext("{number} unsaved", { number }) : gettext("Saved {commit}", { commit: this.files.commit.slice(0, 8) });
    byId("saved").dataset.kind = number ? "warning" : "";
  }
}

/** @param {Event} event @returns {any} */
function detail(event) {
  return /** @type {CustomEvent} */ (event).detail;
}

customElements.define("code-workshop", CodeWorkshop);
