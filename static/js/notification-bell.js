import { element } from "./dom.js";
import { gettext } from "./words.js";

/**
 * `<notification-bell socket="/ws/notifications/">` around a link: keeps the number of unread
 * notifications in it true while the page is open, and says what is new in words.
 * A lost socket resumes after the last notification it has seen.
 */
class NotificationBell extends HTMLElement {
  #after = 0;
  #failures = 0;
  #left = false;
  /** @type {WebSocket | null} */
  #socket = null;
  #words = element("span", { class: "visually-hidden", role: "status" });

  connectedCallback() {
    this.append(this.#words);
    this.#connect();
    addEventListener("pagehide", () => this.#leave(), { once: true });
  }

  disconnectedCallback() {
    this.#leave();
  }

  #leave() {
    this.#left = true;
    this.#socket?.close();
  }

  #connect() {
    if (this.#left) return;
    const url = new URL(`${this.getAttribute("socket")}?after=${this.#after}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    this.#socket.onclose = ({ code }) => {
      if (this.#left || (code >= 4400 && code < 4500)) return;
      this.#failures += 1;
      setTimeout(() => this.#connect(), Math.min(1000 * 2 ** this.#failures, 60_000));
    };
  }

  /** @param {{ unread: number, after: number, news: { title: string }[] }} frame */
  #take({ unread, after, news }) {
    this.#failures = 0;
    this.#after = after;
    const count = this.querySelector("[data-count]");
    if (count) {
      count.textContent = unread > 99 ? "99+" : String(unread);
      count.toggleAttribute("hidden", unread === 0);
    }
    const link = this.querySelector("a");
    link?.setAttribute("aria-label", gettext("Notifications, {number} unread", { number: unread }));
    if (news.length) this.#words.textContent = news.map(({ title }) => title).join(". ");
    this.dispatchEvent(new CustomEvent("news", { detail: news, bubbles: true }));
  }
}

customElements.define("notification-bell", NotificationBell);
