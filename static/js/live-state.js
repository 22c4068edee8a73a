import { gettext } from "./words.js";

const PAUSE = 1000;
const ENDED = ["done", "failed", "passed", "refused"];

/**
 * `<live-state src>` around the state of something that takes a while: asks for it until it has
 * ended, and shows the page again then. Without it the page has a link to look again.
 */
class LiveState extends HTMLElement {
  connectedCallback() {
    this.querySelector("[data-again]")?.toggleAttribute("hidden", true);
    setTimeout(() => this.#look(), PAUSE);
  }

  async #look() {
    if (!this.isConnected) return;
    const answer = await fetch(this.getAttribute("src") ?? "", { headers: { Accept: "application/json" } }).catch(() => null);
    const found = answer?.ok ? await answer.json() : null;
    if (found && ENDED.includes(found.state)) {
      location.reload();
      return;
    }
    if (found) this.#show(found);
    setTimeout(() => this.#look(), PAUSE);
  }

  /** @param {{ step: string, done?: number, total?: number }} found */
  #show({ step, done = 0, total = 0 }) {
    const words = this.querySelector("[data-step]");
    const counted = total ? gettext("{done} of {total}", { done, total }) : "";
    const said = [step, counted].filter(Boolean).join(": ");
    if (words && said && words.textContent !== said) words.textContent = said;
    const bar = this.querySelector("progress");
    if (bar && total) [bar.max, bar.value] = [total, done];
  }
}

customElements.define("live-state", LiveState);
