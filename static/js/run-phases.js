import { listen } from "./sockets.js";

const ORDER = ["queued", "starting", "loading", "running"];

/**
 * The phases of a run as the site tells them, shown in a list; nothing is guessed, so a phase
 * that nobody told of stays blank.
 */
export class Phases {
  /** @type {HTMLElement | null} */
  #list;
  /** @type {{ stop: () => void, open: Promise<void> } | null} */
  #socket = null;
  #ticket;
  #isRunning = false;
  #reached = -1;

  /** @param {HTMLElement} page */
  constructor(page) {
    this.#list = page.querySelector("[data-phases]");
    this.#ticket = page.getAttribute("watch") ?? "";
  }

  /** The name in the ticket, under which the call is watched. */
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
    this.#reached = -1;
    this.#draw();
    if (!this.#ticket) return;
    this.#socket ??= listen(`/ws/runs/${this.#ticket}/`, ({ phase }) => this.#enter(phase));
    await Promise.race([this.#socket.open, new Promise((resolve) => setTimeout(resolve, 400))]);
  }

  end() {
    this.#isRunning = false;
    if (this.#list) this.#list.hidden = true;
  }

  /** @param {string} phase */
  #enter(phase) {
    if (!this.#isRunning) return;
    this.#reached = Math.max(this.#reached, ORDER.indexOf(phase));
    this.#draw();
  }

  #draw() {
    if (!this.#list) return;
    this.#list.hidden = this.#reached < 0;
    for (const item of this.#list.querySelectorAll("[data-phase]")) {
      const place = ORDER.indexOf(item.getAttribute("data-phase") ?? "");
      const state = place < this.#reached ? "done" : place === this.#reached ? "now" : "ahead";
      item.setAttribute("data-state", state);
    }
  }
}
