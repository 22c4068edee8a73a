import { gettext } from "./words.js";

/**
 * @typedef {object} File
 * @property {string | null} saved the text that is saved; null: not there
 * @property {string | null} text the text as it would be saved
 * @property {string} [base64] the bytes of a file that was uploaded and is not text
 */

/**
 * The files of one algorithm as the editor holds them: what is saved, and what is typed since.
 * Tells of every change with a `change` event.
 */
export class Workspace extends EventTarget {
  /** @type {Map<string, File>} */
  #files = new Map();
  /** @type {string[]} */
  #saved = [];
  /** @type {Set<string>} */
  #binary = new Set();
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

  /** What differs from what is saved: the text, bytes, or null for a deleted file. */
  get changes() {
    const changed = [...this.#files].filter(([, { saved, text, base64 }]) => saved !== text || base64 !== undefined);
    return Object.fromEntries(changed.map(([path, { text, base64 }]) => [path, base64 === undefined || text === null ? text : { base64 }]));
  }

  get isChanged() {
    return Object.keys(this.changes).length > 0;
  }

  /** @param {string} path */
  isChangedAt(path) {
    return path in this.changes;
  }

  /** Whether a file that was read is no text. @param {string} path */
  isBinary(path) {
    return this.#binary.has(path);
  }

  /** What was saved of a file, as far as it was read. @param {string} path */
  savedText(path) {
    return this.#files.get(path)?.saved ?? null;
  }

  async load() {
    const { commit, files } = await this.newest();
    if (commit !== this.commit && this.commit) this.#forgetUnchanged();
    this.commit = commit;
    this.#saved = files.map((file) => file.path);
    this.#tell();
  }

  /** What the repository holds now. @returns {Promise<{ commit: string, files: { path: string, size: number }[] }>} */
  async newest() {
    return (await this.#get("files/")).json();
  }

  /** @param {string} path @returns {Promise<string>} */
  async read(path) {
    const known = this.#files.get(path);
    if (known) return known.text ?? "";
    if (!this.#saved.includes(path)) return "";
    const answer = await this.#get(this.addressOf(path));
    const isText = (answer.headers.get("Content-Type") ?? "").startsWith("text/plain");
    const text = isText ? await answer.text() : "";
    if (!isText) this.#binary.add(path);
    this.#files.set(path, { saved: text, text });
    return text;
  }

  /** A file as it is in another commit; null if it is not there. @param {string} path @param {string} commit */
  async readAt(path, commit) {
    const answer = await fetch(this.base + this.addressOf(path, commit));
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`${path} could not be read (status ${answer.status}).`);
    return answer.text();
  }

  /** @param {string} path @param {string} [commit] */
  addressOf(path, commit = this.commit) {
    return `files/${path.split("/").map(encodeURIComponent).join("/")}?commit=${commit}`;
  }

  /** @param {string} path @param {string | null} text @param {string} [base64] */
  write(path, text, base64) {
    const saved = this.#files.get(path)?.saved ?? null;
    this.#files.set(path, base64 === undefined ? { saved, text } : { saved, text, base64 });
    if (base64 === undefined) this.#binary.delete(path);
    else this.#binary.add(path);
    if (saved === null && text === null) this.#files.delete(path);
    this.#tell();
  }

  /** Give a file, or every file of a folder (`data/`), another place. @param {string} from @param {string} to */
  async rename(from, to) {
    for (const path of this.inside(from)) {
      const text = await this.read(path);
      const target = to + path.slice(from.length);
      this.write(target, text, this.#files.get(path)?.base64 ?? (this.isBinary(path) ? await this.#bytes(path) : undefined));
      this.write(path, null);
    }
  }

  /** Remove a file, or every file of a folder. @param {string} place */
  async remove(place) {
    for (const path of this.inside(place)) {
      await this.read(path);
      this.write(path, null);
    }
  }

  /** A file by itself, or the files of a folder. @param {string} place */
  inside(place) {
    return place.endsWith("/") ? this.paths.filter((path) => path.startsWith(place)) : [place];
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
    if (!answer.ok) return { problem: body.error?.message ?? gettext("The site answered with status {status}.", { status: answer.status }) };
    for (const [path, content] of Object.entries(changes)) {
      const known = this.#files.get(path);
      if (content === null) this.#files.delete(path);
      else this.#files.set(path, { saved: typeof content === "string" ? content : "", text: known?.text ?? "" });
    }
    if (parent !== this.commit) this.#forgetUnchanged(Object.keys(changes));
    this.commit = ""; // what is kept now is as it was saved
    await this.load();
    return { commit: body.commit };
  }

  /** @param {string} path @param {unknown} body */
  post(path, body) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
    return fetch(this.base + path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  /** Somebody else may have changed what we have not. @param {string[]} [kept] */
  #forgetUnchanged(kept = Object.keys(this.changes)) {
    this.#files = new Map([...this.#files].filter(([path]) => kept.includes(path)));
  }

  /** @param {string} path */
  async #bytes(path) {
    const bytes = new Uint8Array(await (await this.#get(this.addressOf(path))).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
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
