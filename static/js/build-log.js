import { colours } from "./ansi.js";
import { element } from "./dom.js";
import { gettext } from "./words.js";

const PLACE = /((?:\/opt\/algorithm\/)?([\w./-]+\.(?:py|txt|json|md|toml|ya?ml|cfg|ini))(?:"?, line |:)(\d+))/g;

/**
 * `<build-log socket="/ws/builds/…/log/" src="plain log">`: shows a log as it grows.
 * A lost socket resumes where it stopped; without one the plain log is asked for again.
 * With `reload` the page is loaded again at the end. Dispatches `ended` with the state, and `place`
 * when a file and line in it is chosen; with `editor`, the address of one, it leads there instead.
 * Offsets count characters as Python does, so they come from the server and are never counted here.
 */
export class BuildLog extends HTMLElement {
  #ansi = colours();
  #offset = 0;
  #ended = false;
  #failures = 0;
  #followed = 0; // how many builds, so that what still comes of the last one is not taken for this one's
  /** @type {WebSocket | null} */
  #socket = null;

  connectedCallback() {
    this.tabIndex = 0;
    if (this.hasAttribute("ended")) this.#link(this);
    else if (this.hasAttribute("socket")) this.follow(this.getAttribute("socket") ?? "", this.getAttribute("src") ?? "");
  }

  disconnectedCallback() {
    this.#ended = true;
    this.#socket?.close();
  }

  /** Begin with another build. @param {string} socket @param {string} source */
  follow(socket, source) {
    this.#socket?.close();
    this.#followed += 1;
    this.replaceChildren();
    this.#ansi = colours();
    [this.#offset, this.#ended, this.#failures] = [0, false, 0];
    this.setAttribute("socket", socket);
    this.setAttribute("src", source);
    this.#connect();
  }

  #connect() {
    if (this.#ended) return;
    const followed = this.#followed;
    const url = new URL(`${this.getAttribute("socket")}?after=${this.#offset}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = (this.#socket = new WebSocket(url));
    socket.onmessage = ({ data }) => socket === this.#socket && this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => {
      if (socket !== this.#socket || this.#ended) return;
      if (code >= 4400 && code < 4500) return this.#append(`${gettext("You may not read this log.")}\n`);
      this.#failures += 1;
      setTimeout(() => followed === this.#followed && (this.#failures > 3 ? this.#poll(followed) : this.#connect()), 1000);
    };
  }

  /** @param {number} followed */
  async #poll(followed) {
    const answer = await fetch(`${this.getAttribute("src")}?after=${this.#offset}`).catch(() => null);
    const end = Number(answer?.headers.get("X-Log-Offset"));
    const state = answer?.headers.get("X-Build-State") ?? "";
    const text = answer?.ok ? await answer.text().catch(() => null) : null;
    if (followed !== this.#followed) return;
    if (text !== null && Number.isInteger(end)) {
      this.#append(text);
      this.#offset = end;
      if (!text && state && state !== "queued" && state !== "running") return this.#end(state, "");
    }
    if (!this.#ended) setTimeout(() => followed === this.#followed && this.#poll(followed), text ? 0 : 2000);
  }

  /** @param {{ offset: number, text?: string, state?: string, error?: string }} frame */
  #take({ offset, text, state, error }) {
    this.#failures = 0;
    if (text) this.#append(text);
    this.#offset = offset;
    if (state) this.#end(state, error ?? "");
  }

  /** @param {string} state @param {string} error */
  #end(state, error) {
    this.#ended = true;
    this.#socket?.close();
    this.dispatchEvent(new CustomEvent("ended", { detail: { state, error } }));
    if (this.hasAttribute("reload")) location.reload();
  }

  /** @param {HTMLElement} piece */
  #link(piece) {
    linkPlaces(piece, (path, line) => {
      const editor = this.getAttribute("editor");
      if (editor) location.assign(`${editor}?file=${encodeURIComponent(path)}&line=${line}`);
      else this.dispatchEvent(new CustomEvent("place", { detail: { path, line }, bubbles: true }));
    });
  }

  /** @param {string} text */
  #append(text) {
    const follows = this.scrollTop + this.clientHeight >= this.scrollHeight - 4;
    const piece = element("span");
    piece.innerHTML = this.#ansi.ansi_to_html(text); // escapes everything but colours
    this.#link(piece);
    this.append(piece);
    if (follows) this.scrollTo(0, this.scrollHeight);
  }
}

/**
 * Make buttons of what looks like a file and a line.
 * @param {HTMLElement} piece @param {(path: string, line: number) => void} open
 */
export function linkPlaces(piece, open) {
  const walker = document.createTreeWalker(piece, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
  for (const node of texts) {
    const parts = node.data.split(PLACE);
    if (parts.length === 1) continue;
    /** @type {(Node | string)[]} */
    const made = [];
    for (let at = 0; at < parts.length; at += 4) {
      made.push(parts[at] ?? "");
      const [shown, path, line] = parts.slice(at + 1, at + 4);
      if (!shown || !path) continue;
      const button = element("button", { type: "button", class: "place" }, shown);
      button.addEventListener("click", () => open(path.replace(/^\/?opt\/algorithm\//, ""), Number(line)));
      made.push(button);
    }
    node.replaceWith(...made);
  }
}

customElements.define("build-log", BuildLog);
