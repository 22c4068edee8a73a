import { element } from "./dom.js";
import { gettext } from "./words.js";

/** @typedef {{ path: string, line: number, text: string }} Place */

/**
 * `<file-search>` around a form with one field: finds a text in all files, those typed in included.
 * Dispatches `choose` with path and line.
 */
export class FileSearch extends HTMLElement {
  connectedCallback() {
    this.querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search();
    });
    this.#field.addEventListener("input", () => this.#field.value || this.#show([], ""));
  }

  focus() {
    this.#field.focus();
    this.#field.select();
  }

  get #field() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input"));
  }

  async #search() {
    const text = this.#field.value;
    const { files } = /** @type {CodeWorkshop} */ (this.closest("code-workshop"));
    if (!text.trim()) return this.#show([], "");
    const answer = await fetch(`${files.base}search/?q=${encodeURIComponent(text)}`);
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) return this.#show([], body.error?.message ?? "");
    /** @type {Place[]} */
    const saved = body.places.filter((/** @type {Place} */ place) => !files.isChangedAt(place.path));
    const typed = Object.entries(files.changes).flatMap(([path, content]) => (typeof content === "string" ? lines(path, content, text) : []));
    const places = [...typed, ...saved];
    this.#show(places, places.length === 1 ? gettext("1 line") : gettext("{number} lines", { number: places.length }));
  }

  /** @param {Place[]} places @param {string} said */
  #show(places, said) {
    const list = /** @type {HTMLElement} */ (this.querySelector("[data-found]"));
    /** @type {HTMLElement} */ (this.querySelector("[role=status]")).textContent = said;
    const rows = places.map((place) => {
      const button = element("button", { type: "button" }, element("strong", {}, `${place.path}:${place.line}`), element("span", {}, place.text.trim()));
      button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("choose", { detail: place })));
      return element("li", {}, button);
    });
    list.replaceChildren(...rows);
  }
}

/** @param {string} path @param {string} content @param {string} text @returns {Place[]} */
function lines(path, content, text) {
  const wanted = text.toLowerCase();
  return content.split("\n").flatMap((line, at) => (line.toLowerCase().includes(wanted) ? [{ path, line: at + 1, text: line.slice(0, 300) }] : []));
}

customElements.define("file-search", FileSearch);
