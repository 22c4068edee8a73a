import "./tab-set.js";
import "./sample-trial.js";
import { element } from "./dom.js";
import { gettext } from "./words.js";

/**
 * @typedef {object} Plan
 * @property {boolean} first
 * @property {string} smallest
 * @property {Record<string, string>} numbers
 * @property {string[]} allowed
 * @property {string[]} reasons
 * @property {string[]} terms
 * @property {string} royalty
 * @property {string} share
 * @property {string} example
 * @property {boolean} waits
 */

const ASKED = ["callability", "pricing", "royalty_microcredits", "network_access", "may_call_others"];

/** `<publish-plan src>` around the publish form: says what each choice means while one chooses. */
class PublishPlan extends HTMLElement {
  #asked = 0;

  connectedCallback() {
    this.addEventListener("input", (event) => {
      const name = /** @type {HTMLInputElement} */ (event.target).name;
      if (ASKED.includes(name)) this.#ask();
      if (name === "part") this.#name();
    });
    this.#ask();
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (this.querySelector("form"));
  }

  async #ask() {
    const royalty = /** @type {HTMLInputElement} */ (this.#form.elements.namedItem("royalty_microcredits"));
    const isPriced = new FormData(this.#form).get("pricing") === "priced";
    royalty.closest(".publish__royalty")?.toggleAttribute("data-free", !isPriced);
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(this.#form)) if (ASKED.includes(name)) query.append(name, String(value));
    const asked = (this.#asked += 1);
    const answer = await fetch(`${this.getAttribute("src")}?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer || asked !== this.#asked) return;
    const body = await answer.json().catch(() => null);
    if (answer.ok) this.#show(body);
    else this.#part("[data-earn]").textContent = body?.error?.message ?? "";
  }

  /** @param {Plan} plan */
  #show(plan) {
    this.#part("[data-terms]").replaceChildren(...plan.terms.map((term) => element("li", {}, term)));
    const earned = gettext("You earn {share} credits of each call; 1,000 calls ≈ {example}.", { share: plan.share, example: plan.example });
    this.#part("[data-earn]").textContent = plan.royalty ? earned : gettext("Callers pay for computing only. You earn nothing from calls.");
    this.#part("[data-waits]").hidden = !plan.waits;
    const reasons = this.#part("[data-reasons]");
    reasons.hidden = !plan.reasons.length;
    if (plan.reasons.length) {
      const said = gettext("This must be a {part} release at least:", { part: plan.smallest });
      reasons.replaceChildren(element("div", {}, element("p", {}, said), element("ul", {}, ...plan.reasons.map((reason) => element("li", {}, reason)))));
    }
    if (!plan.first) this.#allow(plan);
    this.#name();
  }

  /** @param {Plan} plan */
  #allow(plan) {
    const radios = this.#radios;
    for (const radio of radios) radio.disabled = !plan.allowed.includes(radio.value);
    const chosen = radios.find((radio) => radio.checked);
    if (!chosen || chosen.disabled) radios.filter((radio) => radio.value === plan.smallest).forEach((radio) => (radio.checked = true));
  }

  /** Put the number on the button. */
  #name() {
    const chosen = this.#radios.find((radio) => radio.checked) ?? this.#radios[0];
    const number = chosen?.closest("label")?.textContent?.match(/\d+\.\d+\.\d+/)?.[0] ?? "";
    this.#part("[data-publish]").textContent = gettext("Publish {number}", { number }).trim();
  }

  get #radios() {
    return /** @type {HTMLInputElement[]} */ ([...this.querySelectorAll("[name=part]")]);
  }

  /** @param {string} selector */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.querySelector(selector));
  }
}

customElements.define("publish-plan", PublishPlan);
