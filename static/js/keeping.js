import { asked } from "./asking.js";
import { element } from "./dom.js";
import { gettext } from "./words.js";

/**
 * Ask how long and for whom a run is to be kept, keep it, and show where it is.
 * @param {string} url
 * @param {{ input: string, answer: string, receipt: string }} run
 */
export async function keepRun(url, run) {
  const visibility = select("kept-visibility", [["unlisted", gettext("Anybody who has the link")], ["private", gettext("Only you")]]);
  const days = select("kept-days", [["30", gettext("30 days")], ["7", gettext("7 days")], ["365", gettext("a year")]]);
  const help = element("p", { class: "help" }, gettext("Input and result are stored until then; you can delete them at any time."));
  const content = element("div", { class: "dialog__content" }, field(gettext("Who sees it"), visibility), field(gettext("For how long"), days), help);
  if ((await asked(gettext("Keep this run"), [content], [["yes", gettext("Keep it")]])) !== "yes") return;
  const token = /** @type {HTMLInputElement} */ (document.querySelector("[name=csrfmiddlewaretoken]")).value;
  const body = JSON.stringify({ ...run, visibility: visibility.value, days: Number(days.value) });
  const response = await fetch(url, { method: "POST", body, headers: { "Content-Type": "application/json", "X-CSRFToken": token } });
  const said = await response.json().catch(() => ({}));
  await asked(response.ok ? gettext("The run is kept") : gettext("The run was not kept"), [outcome(response.ok, said)], []);
}

/** @param {boolean} isKept @param {{ url?: string, error?: { message: string } }} said */
function outcome(isKept, { url = "", error }) {
  if (!isKept) return element("p", { class: "dialog__content error" }, error?.message ?? gettext("The site did not answer; try again."));
  const address = new URL(url, location.href).href;
  const link = element("a", { href: url }, address);
  return element("p", { class: "dialog__content copy" }, link, element("copy-button", { value: address, label: gettext("Copy the link") }));
}

/** @param {string} label @param {HTMLSelectElement} control */
function field(label, control) {
  return element("div", { class: "field" }, element("label", { for: control.id }, label), control);
}

/** @param {string} id @param {[string, string][]} options */
function select(id, options) {
  const made = /** @type {HTMLSelectElement} */ (element("select", { id }));
  for (const [value, label] of options) made.add(new Option(label, value));
  return made;
}
