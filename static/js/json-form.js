import { byId, element } from "./dom.js";

/**
 * `<json-form for="textarea" fields="box">`: lets one fill in flat JSON as a form.
 * The textarea stays the truth; form and JSON are two views of it.
 */
class JsonForm extends HTMLElement {
  connectedCallback() {
    this.#box.addEventListener("input", () => this.#write());
    this.#area.addEventListener("input", (event) => event.isTrusted || this.#draw());
    for (const [value, label] of [["form", "Form"], ["json", "JSON"]]) {
      const button = element("button", { type: "button", value, "aria-pressed": "false" }, label);
      button.addEventListener("click", () => this.#choose(value));
      this.append(button);
    }
    this.className = "switch";
    const value = this.#value();
    this.hidden = !isFlat(value);
    this.#choose(isFlat(value) ? "form" : "json");
  }

  get #area() {
    return /** @type {HTMLTextAreaElement} */ (byId(this.getAttribute("for") ?? ""));
  }

  get #box() {
    return byId(this.getAttribute("fields") ?? "");
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
    const value = this.#value();
    if (!isFlat(value)) {
      this.#box.hidden = true;
      this.#area.hidden = false;
      return false;
    }
    this.#box.replaceChildren(...Object.entries(value).map(([name, one]) => field(name, one)));
    return true;
  }

  #write() {
    const entries = [...this.#box.querySelectorAll("input, textarea")].map((control) => {
      const one = /** @type {HTMLInputElement} */ (control);
      return [one.dataset.name, read(one)];
    });
    this.#area.value = JSON.stringify(Object.fromEntries(entries), null, 2);
    this.#area.dispatchEvent(new InputEvent("input", { bubbles: true, data: "form" }));
  }

  /** @returns {unknown} */
  #value() {
    try {
      return JSON.parse(this.#area.value);
    } catch {
      return null;
    }
  }
}

/** @param {unknown} value @returns {value is Record<string, string | number | boolean>} */
function isFlat(value) {
  if (!value || typeof value !== "object" || Array.isArray(value)) return false;
  const values = Object.values(value);
  return values.length > 0 && values.length <= 12 && values.every((one) => ["string", "number", "boolean"].includes(typeof one));
}

/** @param {string} name @param {string | number | boolean} value */
function field(name, value) {
  const id = `field-${name.replace(/\W/g, "-")}`;
  const label = element("label", { for: id }, name);
  if (typeof value === "boolean") {
    const box = element("input", { id, type: "checkbox", "data-name": name });
    box.toggleAttribute("checked", value);
    return element("div", { class: "field-check" }, box, label);
  }
  const isLong = typeof value === "string" && (value.length > 60 || value.includes("\n"));
  const control = isLong
    ? element("textarea", { id, rows: "5", "data-name": name })
    : element("input", { id, type: typeof value === "number" ? "number" : "text", step: "any", "data-name": name });
  /** @type {HTMLInputElement} */ (control).value = String(value);
  return element("div", { class: "field" }, label, control);
}

/** @param {HTMLInputElement} control */
function read(control) {
  if (control.type === "checkbox") return control.checked;
  if (control.type === "number") return control.value === "" ? null : control.valueAsNumber;
  return control.value;
}

customElements.define("json-form", JsonForm);
