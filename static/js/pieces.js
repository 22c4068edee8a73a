import { gettext } from "./words.js";

/**
 * @typedef {{ id: string, path: string, size: number, offset: number, state: string, error: string | { message: string }, fingerprint: string, piece_bytes: number }} Upload
 */

const PATIENCE = [1, 2, 4, 8, 15, 30];

/** A refusal that trying again cannot help. */
class Refused extends Error {}

/**
 * Send a large file in pieces; after a lost connection, or a reload and the same file again, it
 * goes on where it stopped. The promise fails with a sentence for the person who sent it.
 * @param {string} folder the collection, data://owner/name
 * @param {File} file
 * @param {string} token
 * @param {(sent: number) => void} progressed
 * @param {(words: string) => void} say
 * @returns {Promise<void>}
 */
export async function sendInPieces(folder, file, token, progressed, say) {
  let upload = await persistently(() => begin(folder, file, token), say);
  let failures = 0;
  while (upload.state === "arriving" && upload.offset < upload.size) {
    const { id, offset, piece_bytes } = upload;
    progressed(offset);
    const piece = file.slice(offset, offset + piece_bytes);
    const sent = (/** @type {number} */ bytes) => progressed(offset + bytes);
    try {
      upload = await send(id, offset, piece, token, sent);
      failures = 0;
    } catch (error) {
      if (error instanceof Refused) throw error;
      say(gettext("The connection was lost; it goes on as soon as it is back."));
      await pause(patience(failures++));
      upload = await persistently(() => ask(id), say);
    }
  }
  while (upload.state === "checking" || upload.state === "arriving") {
    say(gettext("being checked"));
    await pause(1);
    const { id } = upload;
    upload = await persistently(() => ask(id), say);
  }
  if (upload.state !== "stored") throw new Refused(String(upload.error));
}

/** @param {string} folder @param {File} file @param {string} token @returns {Promise<Upload>} */
async function begin(folder, file, token) {
  const [path, fingerprint] = [`${folder}/${file.name}`, `${file.size}:${file.lastModified}`];
  const known = await answered(await fetch(`/api/uploads?collection=${encodeURIComponent(folder)}`));
  const same = known.results.find((/** @type {Upload} */ one) => one.path === path && one.fingerprint === fingerprint);
  if (same) return same;
  const body = JSON.stringify({ path, size: file.size, content_type: file.type, fingerprint });
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
  return answered(await fetch("/api/uploads", { method: "POST", headers, body }));
}

/** @param {string} id @returns {Promise<Upload>} */
async function ask(id) {
  return answered(await fetch(`/api/uploads/${id}`));
}

/**
 * @param {string} id @param {number} offset @param {Blob} piece @param {string} token
 * @param {(sent: number) => void} progressed @returns {Promise<Upload>}
 */
async function send(id, offset, piece, token, progressed) {
  const checksum = await sha256(piece);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded }) => progressed(loaded);
    request.onerror = request.onabort = () => reject(new Error("lost"));
    request.onload = () => {
      const { status } = request;
      if (status === 200) return resolve(JSON.parse(request.responseText));
      if (status === 409 || status === 429 || status >= 500) return reject(new Error("again"));
      reject(new Refused(sentence(request.responseText)));
    };
    request.open("PATCH", `/api/uploads/${id}`);
    request.setRequestHeader("Content-Type", "application/offset+octet-stream");
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Upload-Offset", String(offset));
    if (checksum) request.setRequestHeader("Upload-Checksum", `sha256 ${checksum}`);
    request.send(piece);
  });
}

/** The hash of a piece; empty where the browser has no cryptography for pages without HTTPS. @param {Blob} piece */
async function sha256(piece) {
  if (!globalThis.crypto?.subtle) return "";
  const digest = await crypto.subtle.digest("SHA-256", await piece.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Response} response */
async function answered(response) {
  if (response.ok) return response.json();
  if (response.status === 429 || response.status >= 500) throw new Error("again");
  throw new Refused(sentence(await response.text()));
}

/** @param {string} body */
function sentence(body) {
  try {
    return JSON.parse(body).error.message;
  } catch {
    return gettext("The site gave no reason; nothing was stored.");
  }
}

/**
 * Try until it works or is refused; waits longer each time, but goes on at once when the browser is back online.
 * @template T @param {() => Promise<T>} act @param {(words: string) => void} say @returns {Promise<T>}
 */
async function persistently(act, say) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (error instanceof Refused) throw error;
      say(gettext("waiting for the connection"));
      await pause(patience(attempt));
    }
  }
}

/** How long to wait before another attempt, in seconds. @param {number} failures */
function patience(failures) {
  return PATIENCE[Math.min(failures, PATIENCE.length - 1)] ?? 30;
}

/** @param {number} seconds @returns {Promise<void>} */
function pause(seconds) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    addEventListener("online", done);
  });
}
