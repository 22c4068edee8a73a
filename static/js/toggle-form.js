/**
 * `<toggle-form>` around a form with one button: star, follow. It is sent without leaving the page;
 * `toggle-on` on the element and `aria-pressed` on the button say how it stands.
 */
class ToggleForm extends HTMLElement {
  connectedCallback() {
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send(/** @type {HTMLFormElement} */ (event.target));
    });
  }

  /** @param {HTMLFormElement} form */
  async #send(form) {
    const button = form.querySelector("button");
    if (!button || button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    const body = new FormData(form);
    body.set("wanted", button.value);
    try {
      const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      this.#show(button, await response.json());
    } catch {
      button.removeAttribute("aria-busy");
      form.submit(); // the page then says what is wrong
      return;
    }
    button.removeAttribute("aria-busy");
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {{ is_on: boolean, number: number }} answer
   */
  #show(button, answer) {
    this.classList.toggle("toggle-on", answer.is_on);
    button.value = answer.is_on ? "no" : "yes";
    button.setAttribute("aria-pressed", String(answer.is_on));
    for (const number of document.querySelectorAll(this.getAttribute("counts") ?? ":not(*)")) {
      number.textContent = String(answer.number);
    }
    const own = this.querySelector("[data-number]");
    if (own) own.textContent = String(answer.number);
  }
}

customElements.define("toggle-form", ToggleForm);
