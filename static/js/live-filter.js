/**
 * `<live-filter>` around filters and their results: a change is enough. The same page is asked for
 * and its results take the place of the old ones; focus stays, and the address tells the state.
 */
class LiveFilter extends HTMLElement {
  /** @type {AbortController | null} */
  #asking = null;

  connectedCallback() {
    this.addEventListener("change", (event) => {
      const control = /** @type {HTMLElement} */ (event.target);
      if (control.closest("form, [form]")) void this.#ask(this.#address(), control.id);
    });
    this.addEventListener("click", (event) => this.#follow(event));
    window.addEventListener("popstate", this.#back);
    const filters = this.querySelector("details");
    if (filters && matchMedia("(width >= 60rem)").matches) filters.open = true;
  }

  disconnectedCallback() {
    window.removeEventListener("popstate", this.#back);
  }

  #back = () => void this.#ask(location.href, "", false);

  #address() {
    const form = /** @type {HTMLFormElement} */ (this.querySelector("form#facets"));
    const values = new URLSearchParams();
    for (const [name, value] of new FormData(form)) values.append(name, String(value));
    return `${location.pathname}?${values}`;
  }

  /** @param {MouseEvent} event */
  #follow(event) {
    const link = /** @type {Element} */ (event.target).closest("a");
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!link?.matches(".chip") || !isPlain) return;
    event.preventDefault();
    void this.#ask(link.href, "");
  }

  /**
   * @param {string} address
   * @param {string} focused the id of what has the focus now and shall keep it
   * @param {boolean} [isNew] whether the address is to become a page of its own in the history
   */
  async #ask(address, focused, isNew = true) {
    this.#asking?.abort();
    this.#asking = new AbortController();
    this.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(address, { signal: this.#asking.signal });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const found = page.querySelector("live-filter");
      if (!response.ok || !found) throw new Error(String(response.status));
      if (isNew) history.pushState(null, "", address);
      this.#show(found, focused);
      document.title = page.title;
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") return;
      location.assign(address);
    }
    this.removeAttribute("aria-busy");
  }

  /** @param {Element} found @param {string} focused */
  #show(found, focused) {
    const isOpen = this.querySelector("details")?.open ?? true;
    for (const part of ["#facets", "[data-live]", "summary.facets__summary"]) {
      const [old, fresh] = [this.querySelector(part), found.querySelector(part)];
      if (old && fresh) old.replaceWith(document.adoptNode(fresh));
    }
    const filters = this.querySelector("details");
    if (filters) filters.open = isOpen;
    const chosen = focused && document.getElementById(focused);
    const target = chosen || /** @type {HTMLElement | null} */ (this.querySelector("[data-live]"));
    target?.focus({ preventScroll: true });
  }
}

customElements.define("live-filter", LiveFilter);
