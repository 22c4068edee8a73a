import { codeMirror } from "./code-mirror.js";

/**
 * `<code-editor>` around a textarea: CodeMirror if it was built, else the textarea itself.
 * Dispatches `edit` when the text has changed by hand and `moved` with line, column and the number
 * of problems; has `ready` once it shows a file.
 */
export class CodeEditor extends HTMLElement {
  /** @type {CodeView | null} */
  #view = null;
  #isQuiet = false;
  /** @type {(path: string, text: string) => Promise<CodeProblem[]>} */
  check = async () => [];

  connectedCallback() {
    this.area.addEventListener("input", () => this.#edited());
    const watcher = {
      edited: () => this.#edited(),
      check: (/** @type {string} */ path, /** @type {string} */ text) => this.check(path, text),
      moved: (/** @type {number} */ line, /** @type {number} */ column, /** @type {number} */ problems) =>
        this.dispatchEvent(new CustomEvent("moved", { detail: { line, column, problems } })),
    };
    this.ready = codeMirror(this.area, watcher).then((view) => (this.#view = view));
  }

  /** @returns {HTMLTextAreaElement} */
  get area() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
  }

  get text() {
    return this.#view ? this.#view.text : this.area.value;
  }

  /** Show another file. @param {string} path @param {string} text @param {boolean} [isReadOnly] */
  async show(path, text, isReadOnly = false) {
    await this.ready;
    this.#isQuiet = true;
    this.area.value = text;
    this.area.setAttribute("aria-label", path);
    this.#view?.show(path, text, isReadOnly);
    this.#isQuiet = false;
    this.toggleAttribute("ready", true);
  }

  /** Put the cursor on a line, counted from one. @param {number} line */
  goTo(line) {
    if (this.#view) return this.#view.goTo(line);
    const start = this.area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    this.area.focus();
    this.area.setSelectionRange(start, start);
  }

  focus() {
    if (this.#view) this.#view.focus();
    else this.area.focus();
  }

  /** Look for mistakes again: something else has changed. */
  recheck() {
    this.#view?.recheck();
  }

  openProblems() {
    this.#view?.openProblems();
  }

  openSearch() {
    this.#view?.openSearch();
  }

  /** Whether Tab indents or leaves. @param {boolean} indents */
  setTab(indents) {
    this.#view?.setTab(indents);
  }

  #edited() {
    if (!this.#isQuiet) this.dispatchEvent(new Event("edit"));
  }
}

customElements.define("code-editor", CodeEditor);
