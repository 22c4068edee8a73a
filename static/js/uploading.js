import { gettext } from "./words.js";

/**
 * Send a file; the promise fails with a sentence for the person who sent it.
 * @param {string} url
 * @param {File} file
 * @param {string} token
 * @param {(sent: number) => void} progressed
 * @returns {Promise<void>}
 */
export function put(url, file, token, progressed) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded }) => progressed(loaded);
    request.onload = () => (request.status === 200 ? resolve() : reject(new Error(reason(request))));
    request.onerror = () => reject(new Error(gettext("The connection was lost, so nothing was stored. Try again.")));
    request.open("PUT", url);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.send(file);
  });
}

/**
 * @param {XMLHttpRequest} request
 * @returns {string}
 */
function reason(request) {
  try {
    return JSON.parse(request.responseText).error.message;
  } catch {
    return gettext("The site answered with status {status}; nothing was stored.", { status: request.status });
  }
}

/**
 * Why a file need not be sent at all; empty if it may fit.
 * @param {File} file
 * @param {HTMLElement} drop
 * @returns {string}
 */
export function refused(file, drop) {
  if (file.size > Number(drop.getAttribute("largest"))) return gettext("is larger than one file may be; nothing was sent.");
  if (file.size > Number(drop.getAttribute("free"))) return gettext("does not fit into the quota; nothing was sent. Delete files to make room.");
  return "";
}

/**
 * Put the server's present view of the files and of the quota into the page.
 * @param {HTMLElement} drop
 */
export async function refresh(drop) {
  const page = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
  for (const id of (drop.getAttribute("refresh") ?? "").split(" ")) {
    const fresh = page.getElementById(id);
    if (fresh) document.getElementById(id)?.replaceWith(fresh);
  }
  const other = page.querySelector("file-drop");
  const usage = other?.querySelector(".usage");
  if (usage) drop.querySelector(".usage")?.replaceWith(usage);
  drop.setAttribute("free", other?.getAttribute("free") ?? "");
}
