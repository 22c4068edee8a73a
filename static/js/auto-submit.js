/** `<auto-submit>` around a form of filters: a change is enough, no button needed. */
class AutoSubmit extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", () => this.querySelector("form")?.requestSubmit());
    this.querySelector("form > button")?.remove();
  }
}

customElements.define("auto-submit", AutoSubmit);
