import { element } from "./dom.js";
import { resultNode } from "./result-view.js";
import { listen } from "./sockets.js";

const ORDER = ["queued", "starting", "loading", "running"];
const ASK_AGAIN = 1000;
const PATIENCE = 12_000;

/**
 * A run as the site tells of it: its phases, how far it is, what it has so far and what it prints.
 * Nothing is guessed: what nobody told of is not shown. And the way to end it.
 */
export class LiveRun {
  #page;
  #ticket;
  /** @type {{ stop: () => void, say: (message: object) => boolean, open: Promise<void> } | null} */
  #socket = null;
  #isRunning = false;
  #reached = -1;
  #asking = 0;

  /** @param {HTMLElement} page */
  constructor(page) {
    this.#page = page;
    this.#ticket = page.getAttribute("watch") ?? "";
  }

  /** The name in the ticket, under which the call is followed. */
  get name() {
    try {
      const text = (this.#ticket.split(":")[0] ?? "").replaceAll("-", "+").replaceAll("_", "/");
      return String(JSON.parse(atob(text))[0]);
    } catch {
      return "";
    }
  }

  /** The phase entered last, or nothing. */
  get phase() {
    return ORDER[this.#reached] ?? "";
  }

  /** Listen from now on; waits for the socket, but not for long. */
  async begin() {
    this.#isRunning = true;
    this.#reset();
    if (!this.#ticket) return;
    this.#socket ??= listen(`/ws/runs/${this.#ticket}/`, (news) => this.#isRunning && this.#hear(news));
    await Promise.race([this.#socket.open, new Promise((resolve) => setTimeout(resolve, 400))]);
  }

  end() {
    this.#isRunning = false;
    clearInterval(this.#asking);
    for (const part of ["[data-phases]", "[data-progress]"]) this.#hide(part, true);
    this.#part("[data-result]")?.removeAttribute("data-partial");
  }

  /** Ask the site to end the run, until it has; `giveUp` if it cannot be asked. @param {() => void} giveUp */
  cancel(giveUp) {
    const deadline = performance.now() + PATIENCE;
    const ask = () => {
      if (!this.#socket?.say({ type: "cancel" }) || performance.now() > deadline) giveUp();
    };
    clearInterval(this.#asking);
    this.#asking = setInterval(ask, ASK_AGAIN);
    ask();
  }

  /** @param {{ run?: string, phase?: string, progress?: number, output?: { content_type: string, value: unknown }, printed?: string }} news */
  #hear({ run, phase, progress, output, printed }) {
    if (run) this.#reset();
    if (phase) this.#enter(phase);
    if (progress !== undefined) this.#advance(progress);
    if (output) this.#show(output);
    if (printed) this.#print(printed);
  }

  #reset() {
    this.#reached = -1;
    this.#enter("");
    this.#hide("[data-progress]", true);
    this.#part("[data-stdout] pre")?.replaceChildren();
    this.#hide("[data-stdout]", true);
  }

  /** @param {string} phase */
  #enter(phase) {
    const list = this.#part("[data-phases]");
    this.#reached = Math.max(this.#reached, ORDER.indexOf(phase));
    if (!list) return;
    list.hidden = this.#reached < 0;
    for (const item of list.querySelectorAll("[data-phase]")) {
      const place = ORDER.indexOf(item.getAttribute("data-phase") ?? "");
      item.setAttribute("data-state", place < this.#reached ? "done" : place === this.#reached ? "now" : "ahead");
    }
  }

  /** @param {number} progress from 0 to 1 */
  #advance(progress) {
    const bar = /** @type {HTMLProgressElement | null} */ (this.#part("[data-progress] progress"));
    if (!bar) return;
    bar.value = progress;
    this.#part("[data-progress] [data-percent]")?.replaceChildren(`${Math.floor(progress * 100)} %`);
    this.#hide("[data-progress]", false);
  }

  /** @param {{ content_type: string, value: unknown }} output */
  #show({ content_type, value }) {
    const box = this.#part("[data-result]");
    box?.setAttribute("data-partial", "");
    box?.replaceChildren(resultNode({ result: value, metadata: { content_type } }));
  }

  /** @param {string} text */
  #print(text) {
    const place = this.#part("[data-stdout] pre");
    if (!place) return;
    place.append(element("span", {}, text));
    while (place.childNodes.length > 200) place.firstChild?.remove();
    place.scrollTo(0, place.scrollHeight);
    this.#hide("[data-stdout]", false);
  }

  /** @param {string} selector @param {boolean} isHidden */
  #hide(selector, isHidden) {
    const found = this.#part(selector);
    if (found) found.hidden = isHidden;
  }

  /** @param {string} selector @returns {HTMLElement | null} */
  #part(selector) {
    return this.#page.querySelector(selector);
  }
}
