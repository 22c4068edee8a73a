import { linkPlaces } from "./build-log.js";
import { element } from "./dom.js";
import { gettext } from "./words.js";

/**
 * @typedef {{ name: string, outcome: string, seconds: number, message: string }} Test
 * @typedef {{ passed: number, failed: number, skipped: number, tests: Test[], printed: string }} Report
 */

/** `<test-runner action commit>` around a button: runs the unit tests of a build and shows what each did. */
class TestRunner extends HTMLElement {
  connectedCallback() {
    this.querySelector("button")?.addEventListener("click", () => this.#run());
  }

  async #run() {
    const workshop = /** @type {CodeWorkshop} */ (this.closest("code-workshop"));
    const button = this.querySelector("button");
    button?.toggleAttribute("disabled", true);
    this.#say(gettext("Running the tests in a sandbox…"));
    this.#list.replaceChildren();
    const answer = await workshop.files.post("tests/", { commit: this.getAttribute("commit") || undefined }).catch(() => null);
    const body = await answer?.json().catch(() => null);
    button?.toggleAttribute("disabled", false);
    if (!answer?.ok) return this.#say(body?.error?.message ?? gettext("The site did not answer; try again."));
    this.#show(body);
  }

  /** @param {Report} report */
  #show({ passed, failed, skipped, tests, printed }) {
    this.#say(tests.length ? gettext("{passed} passed, {failed} failed, {skipped} skipped", { passed, failed, skipped }) : gettext("There are no tests. Write them in a file src/…_test.py or src/…_test.js."));
    const rows = tests.map((test) => this.#row(test));
    if (printed) rows.push(element("li", {}, element("details", {}, element("summary", {}, gettext("What they printed")), element("pre", {}, printed))));
    this.#list.replaceChildren(...rows);
  }

  /** @param {Test} test */
  #row({ name, outcome, seconds, message }) {
    const words = /** @type {Record<string, string>} */ ({ passed: gettext("passed"), failed: gettext("failed"), skipped: gettext("skipped") });
    const kind = /** @type {Record<string, string>} */ ({ passed: "success", failed: "error" })[outcome] ?? "";
    const line = [element("span", { class: "badge", "data-kind": kind }, words[outcome] ?? outcome), " ", element("code", {}, name), ` ${seconds.toFixed(2)} s`];
    if (!message) return element("li", {}, ...line);
    const text = element("pre", {}, message);
    linkPlaces(text, (path, line_) => this.dispatchEvent(new CustomEvent("place", { detail: { path, line: line_ }, bubbles: true })));
    const more = element("details", {}, element("summary", {}, ...line), text);
    more.toggleAttribute("open", outcome === "failed");
    return element("li", {}, more);
  }

  get #list() {
    return /** @type {HTMLElement} */ (this.querySelector("[data-tests]"));
  }

  /** @param {string} text */
  #say(text) {
    /** @type {HTMLElement} */ (this.querySelector("[role=status]")).textContent = text;
  }
}

customElements.define("test-runner", TestRunner);
