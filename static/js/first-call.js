import { element } from "./dom.js";
import { listen } from "./sockets.js";
import { gettext } from "./words.js";

/** `<first-call key-id="…">`: waits for the first call with this key, and says how it went. */
class FirstCall extends HTMLElement {
  connectedCallback() {
    listen(`/ws/keys/${this.getAttribute("key-id")}/first-call/`, (frame) => this.#show(frame));
  }

  /** @param {{ algorithm: string, seconds: number, succeeded: boolean }} call */
  #show({ algorithm, seconds, succeeded }) {
    const time = seconds.toFixed(2);
    const words = succeeded
      ? gettext("First call from your key received ✓ {time} s", { time })
      : gettext("The first call from your key arrived, but {algorithm} could not answer it. Its message is in your terminal.", { algorithm });
    this.setAttribute("data-kind", succeeded ? "success" : "warning");
    const next = element("a", { href: "/keys/" }, gettext("Next: give the key a budget"));
    this.replaceChildren(element("strong", {}, words), ...(succeeded ? [" ", next] : []));
  }
}

customElements.define("first-call", FirstCall);
