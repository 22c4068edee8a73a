import { element } from "./dom.js";
import { gettext } from "./words.js";

/**
 * `<passkey-button url="…" act="create|get" label="…" next="…">`: a button that makes a passkey or
 * asks for one, and then goes where the answer says. Without WebAuthn there is no button.
 */
class PasskeyButton extends HTMLElement {
  #words = element("p", { class: "error", role: "alert" });

  connectedCallback() {
    if (!window.PublicKeyCredential || this.querySelector("button")) return;
    const kind = this.getAttribute("kind") ?? "button-quiet";
    const button = element("button", { type: "button", class: kind }, this.getAttribute("label") ?? "");
    button.addEventListener("click", () => this.#run(/** @type {HTMLButtonElement} */ (button)));
    this.append(button, this.#words);
  }

  /** @param {HTMLButtonElement} button */
  async #run(button) {
    button.disabled = true;
    this.#words.textContent = "";
    try {
      await this.#ask();
    } catch (error) {
      const refused = error instanceof DOMException;
      this.#words.textContent = refused ? gettext("No passkey was used. You may try again.") : String(/** @type {Error} */ (error).message);
    } finally {
      button.disabled = false;
    }
  }

  async #ask() {
    const url = this.getAttribute("url") ?? "";
    const given = await fetch(url);
    if (given.redirected) return location.assign(given.url);
    const options = await given.json();
    if (!given.ok) throw new Error(options.error.message);
    const credential = this.getAttribute("act") === "create" ? await create(options) : await get(options);
    const next = this.getAttribute("next");
    const answer = await fetch(next ? `${url}?next=${encodeURIComponent(next)}` : url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.getAttribute("token") ?? "" },
      body: JSON.stringify(credential),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error.message);
    location.assign(said.next);
  }
}

/** @param {any} options */
async function create(options) {
  const exclude = (options.excludeCredentials ?? []).map((/** @type {any} */ one) => ({ ...one, id: bytes(one.id) }));
  const publicKey = { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: exclude };
  const made = /** @type {PublicKeyCredential} */ (await navigator.credentials.create({ publicKey }));
  const response = /** @type {AuthenticatorAttestationResponse} */ (made.response);
  return told(made, { attestationObject: text(response.attestationObject), transports: response.getTransports() });
}

/** @param {any} options */
async function get(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: [] };
  const used = /** @type {PublicKeyCredential} */ (await navigator.credentials.get({ publicKey }));
  const response = /** @type {AuthenticatorAssertionResponse} */ (used.response);
  const handle = response.userHandle ? text(response.userHandle) : null;
  return told(used, { authenticatorData: text(response.authenticatorData), signature: text(response.signature), userHandle: handle });
}

/** @param {PublicKeyCredential} credential @param {Record<string, unknown>} response */
function told(credential, response) {
  const clientDataJSON = text(credential.response.clientDataJSON);
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, clientExtensionResults: {}, response: { ...response, clientDataJSON } };
}

/** @param {string} base64url */
function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

customElements.define("passkey-button", PasskeyButton);
