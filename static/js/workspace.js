/** @typedef {{ saved: string | null, text: string | null }} File  null: not there */

/**
 * The files of one algorithm as the editor holds them: what is saved, and what is typed since.
 * Tells of every change with a `change` event.
 */
export class Workspace extends EventTarget {
  /** @type {Map<string, File>} */
  #files = new Map();
  /** @type {string[]} */
  #saved = [];
  commit = "";

  /** @param {string} base the address of the algorithm's pages @param {string} token */
  constructor(base, token) {
    super();
    this.base = base;
    this.token = token;
  }

  /** Every path there would be after saving, in order. @returns {string[]} */
  get paths() {
    const paths = new Set(this.#saved);
    for (const [path, { text }] of this.#files) text === null ? paths.delete(path) : paths.add(path);
    return [...paths].sort((one, other) => one.localeCompare(other));
  }

  /** What differs from what is saved: the text, or null for a deleted file. */
  get changes() {
    const changed = [...this.#files].filter(([, { saved, text }]) => saved !== text);
    return Object.fromEntries(changed.map(([path, { text }]) => [path, text]));
  }

  get isChanged() {
    return Object.keys(this.changes).length > 0;
  }

  /** @param {string} path */
  isChangedAt(path) {
    return path in this.changes;
  }

  async load() {
    const listing = await this.#get("files/");
    const { commit, files } = await listing.json();
    this.commit = commit;
    this.#saved = files.map((/** @type {{ path: string }} */ file) => file.path);
    this.#tell();
  }

  /** @param {string} path @returns {Promise<string>} */
  async read(path) {
    const known = this.#files.get(path);
    if (known) return known.text ?? "";
    if (!this.#saved.includes(path)) return "";
    const answer = await this.#get(`files/${path.split("/").map(encodeURIComponent).join("/")}?commit=${this.commit}`);
    const text = await answer.text();
    this.#files.set(path, { saved: text, text });
    return text;
  }

  /** @param {string} path @param {string | null} text */
  write(path, text) {
    const saved = this.#files.get(path)?.saved ?? null;
    this.#files.set(path, { saved, text });
    if (saved === null && text === null) this.#files.delete(path);
    this.#tell();
  }

  /** @param {string} from @param {string} to */
  async rename(from, to) {
    const text = await this.read(from);
    this.write(to, text);
    await this.remove(from);
  }

  /** @param {string} path */
  async remove(path) {
    await this.read(path);
    this.write(path, null);
  }

  /** Drop what was typed at a path; it is read again when asked for. @param {string} path */
  forget(path) {
    this.#files.delete(path);
    this.#tell();
  }

  /**
   * Commit the changes on top of what was loaded.
   * @param {string} message
   * @param {string} [parent] another commit to put them on: ours win over what it changed
   * @returns {Promise<{ commit?: string, conflict?: string, problem?: string }>}
   */
  async save(message, parent = this.commit) {
    const changes = this.changes;
    const answer = await this.post("files/", { parent, changes, message });
    const body = await answer.json().catch(() => ({}));
    if (answer.status === 409) return { conflict: body.commit, problem: body.error?.message };
    if (!answer.ok) return { problem: body.error?.message ?? `The site answered with status ${answer.status}.` };
    if (parent !== this.commit) this.#files = new Map([...this.#files].filter(([path]) => path in changes));
    for (const [path, text] of Object.entries(changes)) {
      if (text === null) this.#files.delete(path);
      else this.#files.set(path, { saved: text, text: this.#files.get(path)?.text ?? text });
    }
    await this.load();
    return { commit: body.commit };
  }

  /** @param {string} path @param {unknown} body */
  post(path, body) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
    return fetch(this.base + path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  /** @param {string} path */
  async #get(path) {
    const answer = await fetch(this.base + path);
    if (!answer.ok) throw new Error(`${path} could not be read (status ${answer.status}).`);
    return answer;
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
