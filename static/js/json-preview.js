import { element } from "./dom.js";
import { jsonTree } from "./json-tree.js";

/** `<json-preview>` around a `<pre>` of JSON: shows it as a tree that folds. */
class JsonPreview extends HTMLElement {
  connectedCallback() {
    const text = this.querySelector("pre")?.textContent ?? "";
    this.replaceChildren(element("div", { class: "tree-wrap", tabindex: "0" }, jsonTree(JSON.parse(text))));
  }
}

customElements.define("json-preview", JsonPreview);
