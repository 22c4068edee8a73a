import { element } from "./dom.js";

/**
 * `<remote-dialog>` around a link to a form: opens the form in a dialog, sends it from there,
 * shows what is wrong with it in place, and follows where success leads.
 */
class RemoteDialog extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const link = /** @type {HTMLElement} */ (event.target).closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      if (link.getAttribute("aria-disabled") !== "true") this.open(link.href);
    });
  }

  /** @param {string} url */
  async open(url) {
    const dialog = /** @type {HTMLDialogElement} */ (element("dialog", { class: "dialog dialog--wide" }));
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("submit", (event) => this.#send(event, dialog, url));
    dialog.addEventListener("click", (event) => {
      if (/** @type {HTMLElement} */ (event.target).closest("[data-close]")) dialog.close();
    });
    document.body.append(dialog);
    await this.#show(dialog, await fetch(url, { headers: { "HX-Request": "true" } }));
    dialog.showModal();
  }

  /** @param {SubmitEvent} event @param {HTMLDialogElement} dialog @param {string} url */
  async #send(event, dialog, url) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.method === "dialog") return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    const buttons = form.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    dialog.setAttribute("aria-busy", "true");
    const answer = await fetch(form.getAttribute("action") || url, { method: "POST", body, headers: { "HX-Request": "true" } });
    dialog.removeAttribute("aria-busy");
    const target = answer.headers.get("HX-Redirect") ?? (answer.redirected ? answer.url : "");
    if (target) location.assign(target);
    else await this.#show(dialog, answer);
  }

  /** @param {HTMLDialogElement} dialog @param {Response} answer */
  async #show(dialog, answer) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const content = page.querySelector("[data-dialog]") ?? page.querySelector("main") ?? page.body;
    dialog.replaceChildren(...content.childNodes);
    for (const button of dialog.querySelectorAll("[data-close]")) button.toggleAttribute("hidden", false);
    /** @type {HTMLElement | null} */ (dialog.querySelector("[aria-invalid=true], .error, [autofocus]"))?.focus();
  }
}

customElements.define("remote-dialog", RemoteDialog);
