import { byId, element } from "./dom.js";
import { remember, remembered } from "./remembered-inputs.js";
import { gettext } from "./words.js";

/** `<console-memory for="textarea" key="owner/name">`: keeps the last inputs of this tab and offers them again. */
class ConsoleMemory extends HTMLElement {
  connectedCallback() {
    const last = this.#inputs[0];
    if (last !== undefined) this.#area.value = last;
    this.#draw();
    this.closest("algo-console")?.addEventListener("console:ran", () => this.#keep());
  }

  get #area() {
    return /** @type {HTMLTextAreaElement} */ (byId(this.getAttribute("for") ?? ""));
  }

  get #key() {
    return this.getAttribute("key") ?? "";
  }

  get #inputs() {
    return remembered(this.#key);
  }

  #keep() {
    remember(this.#key, this.#area.value);
    this.#draw();
  }

  #draw() {
    const inputs = this.#inputs;
    this.hidden = inputs.length < 2;
    const select = /** @type {HTMLSelectElement} */ (element("select", { "aria-label": gettext("Earlier inputs") }));
    select.add(new Option(gettext("Earlier inputs"), ""));
    for (const [place, input] of inputs.entries()) select.add(new Option(input.slice(0, 60), String(place)));
    select.addEventListener("change", () => {
      this.#area.value = inputs[Number(select.value)] ?? this.#area.value;
      this.#area.dispatchEvent(new Event("input", { bubbles: true }));
      select.value = "";
    });
    this.replaceChildren(select);
  }
}

customElements.define("console-memory", ConsoleMemory);
