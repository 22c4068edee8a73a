import { byId, element } from "./dom.js";
import { askedIn, unreadable, withPackage } from "./packages.js";
import { gettext } from "./words.js";

/**
 * @param {string} base @param {string} name
 * @returns {Promise<{ versions: string[], problem: string, isAway: boolean }>}
 */
async function versionsOf(base, name) {
  const answer = await fetch(`${base}packages/?name=${encodeURIComponent(name)}`).catch(() => null);
  const body = await answer?.json().catch(() => null);
  if (answer?.ok) return { versions: body.versions, problem: "", isAway: false };
  return { versions: [], problem: body?.error?.message ?? gettext("The site did not answer; try again."), isAway: answer?.status === 503 };
}

/** @param {string} base @param {string} name */
export async function newest(base, name) {
  const { versions, problem, isAway } = await versionsOf(base, name);
  return { version: versions[0] ?? "", problem, isAway };
}

/**
 * `<package-finder base for>`: looks a package up in the index the builder uses, adds a line to a
 * textarea, and checks the lines that are there.
 */
class PackageFinder extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.#name.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#find();
    });
    this.querySelector("[data-find]")?.addEventListener("click", () => this.#find());
    this.querySelector("[data-add]")?.addEventListener("click", () => this.#add());
    this.querySelector("[data-check]")?.addEventListener("click", () => this.#check());
  }

  get #name() {
    return /** @type {HTMLInputElement} */ (this.querySelector("[data-name]"));
  }

  get #versions() {
    return /** @type {HTMLSelectElement} */ (this.querySelector("[data-versions]"));
  }

  get #area() {
    return /** @type {HTMLTextAreaElement} */ (byId(this.getAttribute("for") ?? ""));
  }

  get #file() {
    return this.getAttribute("file") ?? "";
  }

  async #find() {
    const name = this.#name.value.trim();
    if (!name) return;
    this.#say(gettext("Looking…"));
    const { versions, problem } = await versionsOf(this.getAttribute("base") ?? "", name);
    this.#versions.replaceChildren(...versions.map((version) => new Option(version, version)));
    this.#choice.hidden = !versions.length;
    this.#say(problem || gettext("{name} installs here; newest is {version}.", { name, version: versions[0] ?? "" }));
  }

  #add() {
    const changed = withPackage(this.#file, this.#area.value, this.#name.value.trim(), this.#versions.value);
    if (!changed) return this.#say(unreadable(this.#file));
    this.#area.value = changed.text;
    this.#say(gettext("{line} added. Save to keep it.", { line: changed.line }));
    this.#choice.hidden = true;
    this.#name.value = "";
  }

  /** Look up every line by its name and exact version. */
  async #check() {
    const lines = askedIn(this.#file, this.#area.value);
    const list = /** @type {HTMLElement} */ (this.querySelector("[data-checked]"));
    list.replaceChildren();
    this.#say(gettext("Checking {number} lines…", { number: lines.length }));
    let wrong = 0;
    for (const asked of lines) {
      const problem = await this.#problemOf(asked);
      wrong += Number(Boolean(problem));
      list.append(element("li", { "data-wrong": String(Boolean(problem)) }, element("code", {}, asked.shown), ` ${problem || gettext("found")}`));
    }
    this.#say(wrong ? gettext("{wrong} lines need a look.", { wrong }) : gettext("Every line was found."));
  }

  /** @param {import("./packages.js").Asked} asked */
  async #problemOf({ name, exact }) {
    const { versions, problem } = await versionsOf(this.getAttribute("base") ?? "", name);
    if (problem) return problem;
    if (!exact || versions.includes(exact) || versions.length >= 40) return "";
    return gettext("There is no version {exact}; newest is {version}.", { exact, version: versions[0] ?? "" });
  }

  get #choice() {
    return /** @type {HTMLElement} */ (this.querySelector("[data-choice]"));
  }

  /** @param {string} text */
  #say(text) {
    /** @type {HTMLElement} */ (this.querySelector("[role=status]")).textContent = text;
  }
}

customElements.define("package-finder", PackageFinder);
