import { isJson, whatIsWrong } from "./console-words.js";
import { element } from "./dom.js";
import { quoted } from "./quoting.js";
import { gettext } from "./words.js";

const MEMORY = "snippet-language";

/** `<code-snippets>` around sections: shows one language, remembers which, and writes the visitor's input into it. */
class CodeSnippets extends HTMLElement {
  connectedCallback() {
    const tabs = element("div", { class: "switch", role: "group", "aria-label": gettext("Language") });
    for (const section of this.#sections) {
      const { language = "", label = "" } = section.dataset;
      section.querySelector("h3")?.classList.add("visually-hidden");
      const button = element("button", { type: "button", value: language, "aria-pressed": "false" }, label);
      button.addEventListener("click", () => this.#choose(language));
      tabs.append(button);
    }
    this.prepend(tabs);
    this.#choose(localStorage.getItem(MEMORY) ?? "curl");
    document.addEventListener("console:input", (event) => {
      this.#fill(/** @type {CustomEvent<string>} */ (event).detail);
    });
  }

  /** @returns {HTMLElement[]} */
  get #sections() {
    return [...this.querySelectorAll("section")];
  }

  /** @param {string} wanted */
  #choose(wanted) {
    const known = this.#sections.some((section) => section.dataset.language === wanted);
    const chosen = known ? wanted : this.#sections[0]?.dataset.language;
    for (const section of this.#sections) section.hidden = section.dataset.language !== chosen;
    for (const button of this.querySelectorAll(":scope > .switch button")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("value") === chosen));
    }
    localStorage.setItem(MEMORY, chosen ?? "");
  }

  /** @param {string} input */
  #fill(input) {
    if (whatIsWrong(input)) return; // the last input that could be sent stays
    const value = isJson(input) ? JSON.parse(input) : input;
    for (const slot of this.querySelectorAll("[data-quoting]")) {
      slot.textContent = quoted(value, slot.getAttribute("data-quoting"));
    }
  }
}

customElements.define("code-snippets", CodeSnippets);
