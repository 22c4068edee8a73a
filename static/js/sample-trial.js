import { call } from "./calling.js";
import { whatIsWrong } from "./console-words.js";
import { remembered } from "./remembered-inputs.js";
import { resultNode } from "./result-view.js";
import { gettext } from "./words.js";

/** `<sample-trial action key>` around a textarea: runs it, shows the output, offers the console's last input. */
class SampleTrial extends HTMLElement {
  connectedCallback() {
    for (const part of this.querySelectorAll("[data-enhanced]")) part.toggleAttribute("hidden", false);
    this.#part("[data-run]").addEventListener("click", () => this.#run());
    const [last] = remembered(this.getAttribute("key") ?? "");
    const offer = this.#part("[data-last]");
    offer.hidden = last === undefined || last === this.#area.value;
    offer.addEventListener("click", () => {
      this.#area.value = last ?? "";
      offer.hidden = true;
      this.#run();
    });
    if (!this.#area.value.trim() && last !== undefined) {
      this.#area.value = last;
      offer.hidden = true;
    }
  }

  get #area() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
  }

  async #run() {
    const problem = whatIsWrong(this.#area.value);
    this.#area.setAttribute("aria-invalid", String(Boolean(problem)));
    if (problem) return this.#say(problem);
    this.#say(gettext("Running…"));
    const run = this.#part("[data-run]");
    run.toggleAttribute("disabled", true);
    const began = performance.now();
    const answer = await call(this.getAttribute("action") ?? "", this.#area.value, new AbortController().signal);
    run.toggleAttribute("disabled", false);
    const seconds = ((performance.now() - began) / 1000).toFixed(2);
    this.#part("[data-result]").replaceChildren(resultNode(answer));
    this.#say(answer.error ? gettext("Failed: such a sample cannot be published.") : gettext("Works, in {seconds} s", { seconds }));
  }

  /** @param {string} text */
  #say(text) {
    this.#part("[data-status]").textContent = text;
  }

  /** @param {string} selector */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.querySelector(selector));
  }
}

customElements.define("sample-trial", SampleTrial);
