import { element } from "./dom.js";
import { put as send } from "./uploading.js";
import { gettext } from "./words.js";

const COLLECTION = "console";
const ARCHIVES = ".tar,.tar.gz,.tgz";
const LONGEST_PATH = 1000;
const INLINE_BYTES = 4 * 1024 * 1024;

/**
 * A file, picture or sound: a path or address to type, or a file to choose, drop, paste or take.
 * What is chosen goes to a collection of the person's; what the schema wants inline, into the input.
 * @param {string} kind @param {Record<string, any>} schema @param {string} value
 * @param {(value: unknown) => void} changed @param {any} place
 */
export function fileField(kind, schema, value, changed, place) {
  const path = /** @type {HTMLInputElement} */ (element("input", { id: place.id, type: "text", placeholder: "data://", spellcheck: "false" }));
  const words = element("p", { class: "help", role: "status" });
  const preview = element("div", { class: "file-field__preview" });
  const box = element("div", { class: "file-field", "data-kind": kind }, path, ...choosers(kind, schema, (file) => take(file)), words, preview);
  put(value);
  path.addEventListener("input", () => changed(path.value === "" && !place.isRequired ? undefined : path.value));
  box.addEventListener("paste", (event) => handed(event, event.clipboardData, take));
  box.addEventListener("drop", (event) => handed(event, event.dataTransfer, take));
  box.addEventListener("dragover", (event) => event.preventDefault());

  /** A path is shown; what stands in the input itself is only said. @param {string} text */
  function put(text) {
    const isInline = text.length > LONGEST_PATH || /^data:(?!\/\/)/.test(text);
    path.value = isInline ? "" : text;
    path.placeholder = isInline ? gettext("In the input itself, {size} KiB", { size: Math.ceil((text.length * 3) / 4 / 1024) }) : "data://";
    const isShown = preview.hasChildNodes();
    if (isInline && !isShown && kind === "image" && text.startsWith("data:image/")) preview.replaceChildren(pictureOf(text, gettext("The picture in the input")));
  }

  /** @param {File} file */
  async function take(file) {
    preview.replaceChildren(...shown(kind, file));
    words.textContent = gettext("Taking {name}", { name: file.name });
    try {
      const text = await delivered(file, schema, place.uploads, (part) => (words.textContent = gettext("Uploading {name}: {percent} %", { name: file.name, percent: part })));
      words.textContent = gettext("{name} is ready.", { name: file.name });
      put(text);
      changed(text);
    } catch (error) {
      words.textContent = /** @type {Error} */ (error).message;
    }
  }
  return box;
}

/** @param {Event} event @param {DataTransfer | null} data @param {(file: File) => void} take */
function handed(event, data, take) {
  const file = data?.files[0];
  if (!file) return;
  event.preventDefault();
  take(file);
}

/** @param {string} kind @param {Record<string, any>} schema @param {(file: File) => void} take */
function choosers(kind, schema, take) {
  const wanted = kind === "file" ? (schema["x-directory"] ? ARCHIVES : schema["x-accept"]) : `${kind}/*`;
  /** @type {Record<string, string>} */
  const accept = wanted ? { accept: wanted } : {};
  const made = [chooser(gettext("Choose a file"), accept, take)];
  const isPhone = matchMedia("(pointer: coarse)").matches;
  if (isPhone && kind === "image") made.push(chooser(gettext("Take a picture"), { ...accept, capture: "environment" }, take));
  if (isPhone && kind === "audio") made.push(chooser(gettext("Record"), { ...accept, capture: "user" }, take));
  return made;
}

/** @param {string} label @param {Record<string, string>} attributes @param {(file: File) => void} take */
function chooser(label, attributes, take) {
  const input = /** @type {HTMLInputElement} */ (element("input", { type: "file", class: "visually-hidden", tabindex: "-1", "aria-hidden": "true", ...attributes }));
  const button = element("button", { type: "button", class: "button-quiet button-small" }, label);
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => input.files?.[0] && take(input.files[0]));
  return element("span", {}, button, input);
}

/** @param {string} kind @param {File} file */
function shown(kind, file) {
  if (kind === "file") return [];
  const address = URL.createObjectURL(file);
  if (kind === "audio") return [element("audio", { src: address, controls: "" })];
  return [pictureOf(address, gettext("Preview of {name}", { name: file.name }))];
}

/** @param {string} source @param {string} words */
function pictureOf(source, words) {
  return element("img", { src: source, alt: words });
}

/**
 * @param {File} file @param {Record<string, any>} schema @param {string | null} uploads
 * @param {(percent: number) => void} progressed @returns {Promise<string>} what the input says of it
 */
async function delivered(file, schema, uploads, progressed) {
  if (schema.contentEncoding === "base64") return inline(file, Boolean(schema.contentMediaType) && schema.format !== "data-uri");
  if (uploads === null && schema["x-widget"] === "file") return inline(file, false);
  if (uploads === null) throw new Error(gettext("Sign in to use a file of your own: it goes into a collection of yours. The example works without."));
  const token = /** @type {HTMLInputElement} */ (document.querySelector("[name=csrfmiddlewaretoken]")).value;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
  await fetch("/api/collections", { method: "POST", headers, body: JSON.stringify({ name: COLLECTION }) }); // it may exist
  const name = file.name.replace(/[^\w.-]+/g, "_").slice(-100) || "file";
  await send(`/v1/data/${uploads}/${COLLECTION}/${encodeURIComponent(name)}`, file, token, (sent) => progressed(Math.round((sent / Math.max(1, file.size)) * 100)));
  return `data://${uploads}/${COLLECTION}/${name}`;
}

/**
 * @param {File} file @param {boolean} isBare the schema tells the kind, so that only the bytes are sent
 * @returns {Promise<string>}
 */
function inline(file, isBare) {
  if (file.size > INLINE_BYTES) return Promise.reject(new Error(gettext("This file is too large to be sent inside the input: 4 MiB fit.")));
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(isBare ? String(reader.result).replace(/^[^,]*,/, "") : String(reader.result));
    reader.onerror = () => reject(new Error(gettext("The file could not be read.")));
    reader.readAsDataURL(file);
  });
}
