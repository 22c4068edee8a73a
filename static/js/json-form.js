import { byId, element } from "./dom.js";
import { fieldFor } from "./form-fields.js";
import { schemaOf, settled } from "./schema-shapes.js";
import { gettext } from "./words.js";

/**
 * `<json-form for="textarea" fields="box">`: the input as a form, drawn from the schema in
 * `#input-schema` or else from the input itself. The textarea stays the truth; form and JSON
 * are two views of it, so what a form cannot say can always be written.
 */
class JsonForm extends HTMLElement {
  #isWriting = false;

  connectedCallback() {
    this.#area.addEventListener("input", () => this.#isWriting || this.#box.hidden || this.#draw());
    for (const [value, label] of [["form", gettext("Form")], ["json", gettext("JSON")]]) {
      const button = element("button", { type: "button", value: value ?? "", "aria-pressed": "false" }, label ?? "");
      button.addEventListener("click", () => this.#choose(value ?? ""));
      this.append(button);
    }
    this.className = "switch";
    this.hidden = !this.#canBeForm();
    this.#choose(this.hidden ? "json" : "form");
  }

  get #area() {
    return /** @type {HTMLTextAreaElement} */ (byId(this.getAttribute("for") ?? ""));
  }

  get #box() {
    return byId(this.getAttribute("fields") ?? "");
  }

  get #schema() {
    const text = document.getElementById("input-schema")?.textContent;
    const known = text ? JSON.parse(text) : {};
    return Object.keys(known).length ? known : schemaOf(this.#value());
  }

  /** Objects, lists and files are easier in a form; one text or number is not. */
  #canBeForm() {
    const value = this.#value();
    if (value === undefined && this.#area.value.trim()) return false;
    const schema = settled(this.#schema, value, this.#schema);
    return (schema.type === "object" && Object.keys(schema.properties ?? {}).length > 0) || schema.type === "array" || ["image", "audio", "file"].includes(schema.format);
  }

  /** @param {string} view */
  #choose(view) {
    const asForm = view === "form" && this.#draw();
    this.#box.hidden = !asForm;
    this.#area.hidden = Boolean(asForm);
    for (const button of this.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String((button.value === "form") === Boolean(asForm)));
    }
  }

  /** @returns {boolean} whether what stands in the textarea can be a form */
  #draw() {
    if (!this.#canBeForm()) {
      this.#box.hidden = true;
      this.#area.hidden = false;
      return false;
    }
    const root = this.#schema;
    const value = this.#value();
    const isObject = settled(root, value, root).type === "object";
    const label = isObject ? "" : gettext("Input");
    const place = { id: "field", label, root, uploads: this.getAttribute("uploads") };
    this.#box.replaceChildren(fieldFor(root, value, (one) => this.#write(one), place));
    return true;
  }

  /** @param {unknown} value */
  #write(value) {
    this.#isWriting = true;
    this.#area.value = JSON.stringify(value, null, 2);
    this.#area.dispatchEvent(new InputEvent("input", { bubbles: true, data: "form" }));
    this.#isWriting = false;
  }

  /** @returns {unknown} */
  #value() {
    try {
      return JSON.parse(this.#area.value);
    } catch {
      return undefined;
    }
  }
}

customElements.define("json-form", JsonForm);
