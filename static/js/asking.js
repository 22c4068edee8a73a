import { element } from "./dom.js";
import { gettext } from "./words.js";

/**
 * A small dialog with one field and two buttons; gives the text, or null if it was dismissed.
 * @param {{ title: string, label: string, value?: string, button: string, help?: string, lines?: number }} question
 * @returns {Promise<string | null>}
 */
export function askText({ title, label, value = "", button, help = "", lines = 0 }) {
  const field = /** @type {HTMLInputElement} */ (
    lines ? element("textarea", { id: "asked", rows: String(lines), class: "code", spellcheck: "false" }) : element("input", { id: "asked", autocomplete: "off", spellcheck: "false" })
  );
  field.value = value;
  const content = element("div", { class: "field dialog__content" }, element("label", { for: "asked" }, label), field);
  if (help) content.append(element("p", { class: "help" }, help));
  return asked(title, [content], [["yes", button]]).then((answer) => (answer === "yes" ? field.value : null));
}

/**
 * A dialog that says something and offers what can be done; gives the chosen value, or null.
 * @param {string} title
 * @param {Node[]} content
 * @param {[string, string, string?][]} choices value, label and class of each button
 * @param {string} [size] another class for the dialog
 * @returns {Promise<string | null>}
 */
export function asked(title, content, choices, size = "") {
  const buttons = choices.map(([value, label, kind]) => element("button", { value, class: kind ?? "button" }, label));
  const cancel = element("button", { value: "", class: "button-quiet", formnovalidate: "" }, gettext("Cancel"));
  const form = element("form", { method: "dialog" }, element("header", {}, element("h2", { id: "asked-title" }, title)), ...content, element("footer", {}, cancel, ...buttons));
  const dialog = /** @type {HTMLDialogElement} */ (element("dialog", { class: `dialog ${size}`.trim(), "aria-labelledby": "asked-title" }, form));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    dialog.close(choices[0]?.[0]);
  });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue || null);
    });
  });
}
