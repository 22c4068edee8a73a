import { gettext } from "./words.js";

/** `<copy-button value="text">` or `<copy-button for="id">`: puts text on the clipboard and says so. */
class CopyButton extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("button")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button-quiet button-small";
    button.textContent = this.getAttribute("label") ?? gettext("Copy");
    button.addEventListener("click", () => this.#copy(button));
    this.append(button);
  }

  /** @returns {string} */
  get text() {
    const source = document.getElementById(this.getAttribute("for") ?? "");
    if (source instanceof HTMLTextAreaElement || source instanceof HTMLInputElement) return source.value;
    return this.getAttribute("value") ?? whole(source);
  }

  /** @param {HTMLButtonElement} button */
  async #copy(button) {
    const label = this.getAttribute("label") ?? gettext("Copy");
    button.textContent = (await written(this.text)) ? gettext("Copied") : gettext("Press Ctrl+C");
    button.setAttribute("aria-live", "polite");
    setTimeout(() => (button.textContent = label), 1600);
  }
}

/**
 * What an element says, with what is masked in it as it really is.
 * @param {HTMLElement | null} source
 */
function whole(source) {
  const copy = /** @type {HTMLElement | null} */ (source?.cloneNode(true) ?? null);
  for (const masked of copy?.querySelectorAll("[data-secret]") ?? []) {
    masked.textContent = masked.getAttribute("data-secret");
  }
  return copy?.textContent ?? "";
}

/**
 * Also works on plain HTTP, where browsers offer no clipboard object.
 * @param {string} text
 * @returns {Promise<boolean>}
 */
async function written(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(() => true, () => false);
  }
  const holder = document.createElement("textarea");
  holder.value = text;
  holder.className = "visually-hidden";
  document.body.append(holder);
  holder.select();
  const done = document.execCommand("copy");
  holder.remove();
  return done;
}

customElements.define("copy-button", CopyButton);
