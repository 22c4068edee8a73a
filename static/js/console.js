import { call } from "./calling.js";
import { endText, phaseText, receiptText, whatIsWrong } from "./console-words.js";
import { keepRun } from "./keeping.js";
import { LiveRun } from "./live-run.js";
import { resultNode } from "./result-view.js";
import { gettext } from "./words.js";

/**
 * `<algo-console action="/v1/web/algo/…">` around a form with a textarea: runs it in place.
 * Without it the form is posted and the page comes back with the answer.
 */
class AlgoConsole extends HTMLElement {
  /** @type {AbortController | null} */
  #running = null;
  #live = new LiveRun(this);
  #isEnding = false;
  /** @type {{ input: string, answer: string, receipt: string } | null} */
  #last = null;

  connectedCallback() {
    this.#part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.run(event instanceof SubmitEvent && event.submitter === document.activeElement);
    });
    this.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.run(false);
      }
    });
    this.input.addEventListener("input", () => this.#announce());
    this.querySelector("[data-cancel]")?.addEventListener("click", () => this.#end());
    this.querySelector("[data-reset]")?.addEventListener("click", () => this.#reset());
    this.querySelector("[data-keep]")?.addEventListener("click", () => this.#last && keepRun(this.getAttribute("keep") ?? "", this.#last));
    document.addEventListener("DOMContentLoaded", () => this.#restore());
    const recorded = this.querySelector("[data-recorded]");
    if (recorded) recorded.replaceWith(recordedNode(recorded.textContent ?? ""));
  }

  /** @returns {HTMLTextAreaElement} */
  get input() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea[name=input]") ?? this.#part("textarea"));
  }

  /** @param {boolean} moveFocus whether whoever pressed Run should be taken to the result */
  async run(moveFocus) {
    if (this.#running) return;
    const problem = whatIsWrong(this.input.value);
    this.#problem(problem);
    if (problem) return;
    if (!this.dispatchEvent(new CustomEvent("console:run", { bubbles: true, cancelable: true }))) return;
    this.#running = new AbortController();
    this.#busy(true);
    const input = this.input.value;
    if (input.length < 100_000) sessionStorage.setItem(this.#memory, input);
    const stopClock = this.#startClock();
    await this.#live.begin();
    const answer = await call(this.getAttribute("action") ?? "", input, this.#running.signal, this.#live.name);
    const seconds = stopClock();
    this.#live.end();
    this.#last = answer.receipt ? { input, answer: answer.body ?? "", receipt: answer.receipt } : null;
    this.#countDown();
    this.#running = null;
    this.#busy(false);
    this.#show(answer, seconds);
    if (moveFocus) this.#part("#result-title, [data-result]").focus({ preventScroll: true });
    this.#part("[data-result]").scrollIntoView({ block: "nearest" });
  }

  /** @param {Answer} answer @param {number} seconds */
  #show(answer, seconds) {
    this.#part("[data-result]").replaceChildren(resultNode(answer));
    this.#say(endText(answer, seconds));
    this.toggleAttribute("failed", Boolean(answer.error) && !answer.cancelled);
    const after = /** @type {HTMLElement | null} */ (this.querySelector("[data-after]"));
    if (after) after.hidden = false;
    const keep = /** @type {HTMLElement | null} */ (this.querySelector("[data-keep]"));
    if (keep) keep.hidden = !answer.receipt;
    const receipt = this.querySelector("[data-receipt]");
    if (receipt) receipt.textContent = receiptText(answer);
    const printed = /** @type {HTMLDetailsElement | null} */ (this.querySelector("[data-stdout]"));
    if (printed && !answer.cancelled) {
      printed.hidden = !answer.metadata?.stdout;
      printed.querySelector("pre")?.replaceChildren(answer.metadata?.stdout ?? "");
    }
    this.dispatchEvent(new CustomEvent("console:ran", { bubbles: true, detail: answer }));
  }

  #startClock() {
    const began = performance.now();
    const typical = Number(this.getAttribute("typical")) || 0;
    const clock = document.createElement("span");
    clock.setAttribute("aria-hidden", "true");
    this.#part("[data-status]").after(clock);
    const tick = () => {
      const seconds = (performance.now() - began) / 1000;
      clock.textContent = `${seconds.toFixed(1)} s`;
      this.#say(this.#isEnding ? gettext("Cancelling") : phaseText(this.#live.phase, seconds, typical));
    };
    tick();
    const timer = setInterval(tick, 100);
    return () => {
      clearInterval(timer);
      clock.remove();
      return (performance.now() - began) / 1000;
    };
  }

  /** What was typed before signing up stands here again, beside the new key. */
  #restore() {
    const typed = sessionStorage.getItem(this.#memory);
    if (typed === null || !document.querySelector("first-call")) return;
    this.input.value = typed;
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  get #memory() {
    return `typed:${this.getAttribute("action")}`;
  }

  /** One of the day's runs without an account is used up, whatever became of it. */
  #countDown() {
    const count = this.querySelector("[data-left-count]");
    if (count) count.textContent = String(Math.max(0, Number(count.textContent) - 1));
  }

  #reset() {
    this.input.value = this.input.defaultValue;
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #announce() {
    this.#problem("");
    const reset = /** @type {HTMLElement | null} */ (this.querySelector("[data-reset]"));
    if (reset) reset.hidden = this.input.value === this.input.defaultValue;
    document.dispatchEvent(new CustomEvent("console:input", { detail: this.input.value }));
  }

  /** Have the site end the run; if it cannot be told, hang up, which it takes for the same. */
  #end() {
    if (!this.#running || this.#isEnding) return;
    this.#isEnding = true;
    this.#part("[data-cancel]").toggleAttribute("disabled", true);
    this.#live.cancel(() => this.#running?.abort());
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.#isEnding = false;
    this.#part("[data-cancel]").toggleAttribute("disabled", false);
    this.toggleAttribute("busy", busy);
    this.#part("[data-run]").toggleAttribute("disabled", busy);
    this.#part("[data-cancel]").hidden = !busy;
    this.#part("[data-result]").setAttribute("aria-busy", String(busy));
  }

  /** @param {string} text */
  #say(text) {
    const status = this.#part("[data-status]");
    if (status.textContent !== text) status.textContent = text;
  }

  /** @param {string} text */
  #problem(text) {
    const problem = /** @type {HTMLElement | null} */ (this.querySelector("[data-problem]"));
    if (!problem) return text && this.#say(text);
    problem.hidden = !text;
    problem.textContent = text;
    this.input.setAttribute("aria-invalid", String(Boolean(text)));
  }

  /** @param {string} selector @returns {HTMLElement} */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.querySelector(selector));
  }
}

/** @param {string} text */
function recordedNode(text) {
  try {
    return resultNode({ result: JSON.parse(text), metadata: { content_type: "json" } });
  } catch {
    return resultNode({ result: text, metadata: { content_type: "text" } });
  }
}

customElements.define("algo-console", AlgoConsole);
