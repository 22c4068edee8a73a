import { resultNode } from "./result-view.js";

/** `<kept-run>`: shows a kept answer by its kind, in place of its JSON. */
class KeptRun extends HTMLElement {
  connectedCallback() {
    const kept = document.getElementById("kept-answer")?.textContent;
    if (kept) this.replaceChildren(resultNode(JSON.parse(JSON.parse(kept))));
  }
}

customElements.define("kept-run", KeptRun);
