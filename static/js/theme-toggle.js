import { gettext } from "./words.js";

/** `<theme-toggle>`: light, dark, or as the system says; remembered in a cookie that the server reads. */
class ThemeToggle extends HTMLElement {
  connectedCallback() {
    if (this.childElementCount) return;
    const select = document.createElement("select");
    select.setAttribute("aria-label", gettext("Colours"));
    for (const [value, text] of choices()) {
      select.add(new Option(text, value));
    }
    select.value = document.documentElement.dataset.theme ?? "";
    select.addEventListener("change", () => apply(select.value));
    this.append(select);
  }
}

const choices = () => [
  ["", gettext("Colours: system")],
  ["light", gettext("Colours: light")],
  ["dark", gettext("Colours: dark")],
];

/** @param {string} theme */
function apply(theme) {
  const age = theme ? 31536000 : 0;
  document.cookie = `theme=${theme}; path=/; max-age=${age}; SameSite=Lax`;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

customElements.define("theme-toggle", ThemeToggle);
