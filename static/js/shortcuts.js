/**
 * Keys without Ctrl: `?` lists them, `/` goes to the search, and two letters go to a page that has
 * a link with `data-keys`. Whoever dictates or types by accident switches them off in the list,
 * or with `<shortcut-switch>` in the profile (WCAG 2.1.4); the browser remembers it.
 */
import { gettext } from "./words.js";

const STORED = "shortcuts";
const PATIENCE = 1200;
let first = "";
let timer = 0;

const areOn = () => localStorage.getItem(STORED) !== "off";

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!areOn() || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (act(event.key)) event.preventDefault();
});

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/**
 * @param {string} key
 * @returns {boolean} whether it meant something
 */
function act(key) {
  const keys = first ? `${first} ${key}` : key;
  clearTimeout(timer);
  first = "";
  if (key === "?") return open();
  if (key === "/") return search();
  const link = links().find((one) => one.dataset.keys === keys);
  if (link) location.assign(link.href);
  else if (links().some((one) => one.dataset.keys?.startsWith(`${key} `))) {
    first = key;
    timer = setTimeout(() => { first = ""; }, PATIENCE);
  }
  return link !== undefined;
}

/** @returns {HTMLAnchorElement[]} */
const links = () => [...document.querySelectorAll("a[data-keys]")].map((one) => /** @type {HTMLAnchorElement} */ (one));

function search() {
  const field = [...document.querySelectorAll('input[type="search"][name="q"]')]
    .map((one) => /** @type {HTMLInputElement} */ (one)).find((one) => one.checkVisibility());
  field?.focus();
  return field !== undefined;
}

function open() {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog shortcuts";
  dialog.setAttribute("aria-labelledby", "shortcuts-title");
  dialog.append(head(), list(), foot());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return true;
}

function head() {
  const header = document.createElement("header");
  header.append(element("h2", gettext("Keyboard shortcuts")));
  header.firstElementChild?.setAttribute("id", "shortcuts-title");
  return header;
}

function list() {
  const rows = document.createElement("dl");
  const known = [
    ["?", gettext("This list")],
    ["/", gettext("Search")],
    ...links().map((one) => [one.dataset.keys ?? "", one.dataset.title ?? one.textContent?.trim() ?? ""]),
    ["Ctrl Enter", gettext("Run, in a console")],
    ["Ctrl S", gettext("Save, in the editor")],
    ["Ctrl B", gettext("Build, in the editor")],
    ["Esc", gettext("Close, or leave the editor")],
  ];
  for (const [keys, meaning] of known) {
    const term = document.createElement("dt");
    term.append(...(keys ?? "").split(" ").map((key) => element("kbd", key)));
    rows.append(wrapped(term, element("dd", meaning ?? "")));
  }
  return rows;
}

function foot() {
  const footer = document.createElement("footer");
  const close = element("button", gettext("Close"));
  close.className = "button";
  close.addEventListener("click", () => close.closest("dialog")?.close());
  footer.append(document.createElement("shortcut-switch"), close);
  return footer;
}

/** @param {Node[]} children */
function wrapped(...children) {
  const box = document.createElement("div");
  box.append(...children);
  return box;
}

/**
 * @param {string} name
 * @param {string} text
 */
function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** `<shortcut-switch>`: whether keys without Ctrl do something. */
class ShortcutSwitch extends HTMLElement {
  connectedCallback() {
    if (this.childElementCount) return;
    const label = document.createElement("label");
    const box = document.createElement("input");
    label.className = "field-check";
    box.type = "checkbox";
    box.checked = areOn();
    box.addEventListener("change", () => localStorage.setItem(STORED, box.checked ? "on" : "off"));
    label.append(box, element("span", gettext("Single keys are shortcuts")));
    this.append(label);
  }
}

/** `<shortcut-list>`: the button that opens the list. */
class ShortcutList extends HTMLElement {
  connectedCallback() {
    if (this.childElementCount) return;
    const button = element("button", gettext("Shortcuts"));
    button.setAttribute("type", "button");
    if (areOn()) button.setAttribute("aria-keyshortcuts", "?");
    button.addEventListener("click", open);
    this.append(button);
  }
}

customElements.define("shortcut-switch", ShortcutSwitch);
customElements.define("shortcut-list", ShortcutList);
