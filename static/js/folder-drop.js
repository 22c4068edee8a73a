import { gettext } from "./words.js";
import { entriesOf, packed } from "./zipping.js";

const MOST = 200 * 1024 * 1024;

/**
 * `<folder-drop>` in a form with a file field for an archive: takes a folder, dropped or chosen,
 * packs it in the browser and puts it where the archive would be. Without it an archive is sent.
 */
class FolderDrop extends HTMLElement {
  connectedCallback() {
    const chooser = /** @type {HTMLInputElement} */ (this.querySelector("input[webkitdirectory]"));
    this.querySelector("[data-choose]")?.addEventListener("click", () => chooser.click());
    chooser.addEventListener("change", () => this.#take([...(chooser.files ?? [])].map((file) => ({ path: file.webkitRelativePath, file }))));
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      this.addEventListener(name, (event) => this.#dragged(/** @type {DragEvent} */ (event)));
    }
    this.hidden = false;
  }

  /** @param {DragEvent} event */
  #dragged(event) {
    event.preventDefault();
    this.toggleAttribute("data-over", event.type === "dragenter" || event.type === "dragover");
    if (event.type === "drop" && event.dataTransfer) entriesOf(event.dataTransfer).then((found) => this.#take(found));
  }

  /** @param {import("./zipping.js").Entry[]} entries */
  async #take(entries) {
    const size = entries.reduce((sum, { file }) => sum + file.size, 0);
    if (!entries.length) return this.#say(gettext("There is no file in it."));
    if (size > MOST) return this.#say(gettext("These files are larger than 200 MiB. Keep models in a collection."));
    this.#say(gettext("Packing {count} files", { count: entries.length }));
    const name = `${entries[0].path.split("/")[0]}.zip`;
    const held = new DataTransfer();
    held.items.add(new File([await packed(entries)], name, { type: "application/zip" }));
    const archive = /** @type {HTMLInputElement} */ (this.closest("form")?.querySelector("input[name=archive]"));
    archive.files = held.files;
    this.#say(gettext("{count} files are ready to be sent.", { count: entries.length }));
  }

  /** @param {string} words */
  #say(words) {
    const place = this.querySelector("[role=status]");
    if (place) place.textContent = words;
  }
}

customElements.define("folder-drop", FolderDrop);
