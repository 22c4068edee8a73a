import { element } from "./dom.js";
import { sendInPieces } from "./pieces.js";
import { put, refresh, refused } from "./uploading.js";
import { gettext } from "./words.js";

const LARGE = 8 * 1024 * 1024;

/**
 * `<file-drop url path largest free refresh>` around an upload form: takes dropped and chosen files,
 * sends them one after another to `url` + name, large ones in pieces that resume, and shows how
 * far each and all of them are.
 * Without it the form sends one file by itself.
 */
class FileDrop extends HTMLElement {
  #list = element("ul", { class: "uploads", role: "list" });
  #total = /** @type {HTMLProgressElement} */ (element("progress", { "aria-label": gettext("All files"), max: "1", value: "0" }));
  #words = element("p", { role: "status" });

  connectedCallback() {
    const form = /** @type {HTMLFormElement} */ (this.querySelector("form"));
    const input = /** @type {HTMLInputElement} */ (this.querySelector("input[type=file]"));
    const send = () => this.#sendAll([...(input.files ?? [])]).then(() => (input.value = ""));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send();
    });
    input.addEventListener("change", send);
    this.append(this.#words);
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      this.addEventListener(name, (event) => this.#dragged(/** @type {DragEvent} */ (event)));
    }
  }

  /** @param {DragEvent} event */
  #dragged(event) {
    event.preventDefault();
    this.toggleAttribute("data-over", event.type === "dragenter" || event.type === "dragover");
    if (event.type === "drop") this.#sendAll([...(event.dataTransfer?.files ?? [])]);
  }

  /** @param {File[]} files */
  async #sendAll(files) {
    if (!files.length) return;
    const all = files.reduce((sum, file) => sum + file.size, 0);
    this.#list.replaceChildren();
    this.append(this.#total, this.#list);
    let before = 0;
    let stored = 0;
    for (const file of files) {
      const values = { name: file.name, number: stored + 1, all: files.length };
      this.#words.textContent = gettext("Uploading {name} ({number} of {all})", values);
      stored += Number(await this.#send(file, (sent) => (this.#total.value = all ? (before + sent) / all : 1)));
      before += file.size;
    }
    this.#total.value = 1;
    await refresh(this);
    const done = { stored, all: files.length };
    this.#words.textContent = stored === files.length ? gettext("Done: {stored} stored.", done) : gettext("{stored} of {all} stored; what failed is said below.", done);
  }

  /**
   * @param {File} file
   * @param {(sent: number) => void} progressed
   * @returns {Promise<boolean>}
   */
  #send(file, progressed) {
    const bar = /** @type {HTMLProgressElement} */ (element("progress", { "aria-label": file.name, max: "1", value: "0" }));
    const state = element("span", {}, gettext("waiting"));
    this.#list.append(element("li", {}, element("strong", {}, file.name), " ", state, bar));
    const refusal = refused(file, this);
    if (refusal) {
      state.textContent = refusal;
      return Promise.resolve(false);
    }
    const shown = (/** @type {number} */ sent) => {
      bar.value = file.size ? sent / file.size : 1;
      state.textContent = `${Math.floor(bar.value * 100)} %`;
      progressed(sent);
    };
    const say = (/** @type {string} */ words) => (state.textContent = words);
    const sending =
      file.size > LARGE
        ? sendInPieces(this.getAttribute("path") ?? "", file, this.#token, shown, say)
        : put(this.getAttribute("url") + encodeURIComponent(file.name), file, this.#token, shown);
    return sending.then(
      () => ((bar.value = 1), (state.textContent = gettext("stored")), true),
      (/** @type {Error} */ error) => ((state.textContent = error.message), false),
    );
  }

  get #token() {
    return /** @type {HTMLInputElement} */ (this.querySelector("[name=csrfmiddlewaretoken]")).value;
  }
}

customElements.define("file-drop", FileDrop);
