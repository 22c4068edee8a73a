import { element } from "./dom.js";

/**
 * `<tab-set>` around sections with `data-tab`: shows one at a time, with a tab for each.
 * Without it they stand one below the other. A section with something wrong in it comes first.
 */
class TabSet extends HTMLElement {
  /** @type {HTMLElement[]} */
  #tabs = [];

  connectedCallback() {
    if (this.#tabs.length) return;
    const panels = this.#panels;
    this.#tabs = panels.map((panel, place) => this.#tab(panel, place));
    this.prepend(element("div", { class: "tab-set__list", role: "tablist" }, ...this.#tabs));
    for (const [place, panel] of panels.entries()) {
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", this.#tabs[place]?.id ?? "");
    }
    const wrong = panels.findIndex((panel) => panel.querySelector(".errorlist, [aria-invalid=true]"));
    this.choose(Math.max(wrong, 0));
    this.addEventListener("keydown", (event) => this.#move(event));
    this.addEventListener("click", (event) => this.#step(event));
  }

  get #panels() {
    return /** @type {HTMLElement[]} */ ([...this.querySelectorAll(":scope > [data-tab]")]);
  }

  /** @param {number} place */
  choose(place) {
    for (const [at, panel] of this.#panels.entries()) {
      const isChosen = at === place;
      panel.hidden = !isChosen;
      this.#tabs[at]?.setAttribute("aria-selected", String(isChosen));
      this.#tabs[at]?.setAttribute("tabindex", isChosen ? "0" : "-1");
    }
  }

  /** @param {HTMLElement} panel @param {number} place */
  #tab(panel, place) {
    const isWrong = panel.querySelector(".errorlist, [aria-invalid=true]");
    const label = `${place + 1} ${panel.dataset.tab ?? ""}${isWrong ? " ⚠" : ""}`;
    const tab = element("button", { id: `${panel.id}-tab`, type: "button", role: "tab", "aria-controls": panel.id }, label);
    tab.addEventListener("click", () => this.choose(place));
    return tab;
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const at = this.#tabs.indexOf(/** @type {HTMLElement} */ (event.target));
    const isRtl = getComputedStyle(this).direction === "rtl";
    const step = { ArrowRight: isRtl ? -1 : 1, ArrowLeft: isRtl ? 1 : -1 }[event.key];
    if (at < 0 || !step) return;
    const next = (at + step + this.#tabs.length) % this.#tabs.length;
    this.choose(next);
    this.#tabs[next]?.focus();
  }

  /** Buttons inside lead on or back. @param {Event} event */
  #step(event) {
    const wanted = /** @type {HTMLElement} */ (event.target).closest("[data-choose]")?.getAttribute("data-choose");
    const place = this.#panels.findIndex((panel) => panel.id === wanted);
    if (place >= 0) this.choose(place);
  }
}

customElements.define("tab-set", TabSet);
