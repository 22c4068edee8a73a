// Bodies to JavaScript values and back, and errors to the error object of the wire.
"use strict";

const { isUtf8 } = require("node:buffer");
const { types } = require("node:util");

const MOST_TEXT = 64 * 1024;
const TYPE = /^[A-Za-z_][A-Za-z0-9_.]{0,59}$/;
const OURS = /\((?:file:\/\/)?\/[^)]*\/guest\/node\/|at (?:async )?(?:file:\/\/)?\/[^ ]*\/guest\/node\/|\(node:|at node:/;

/** What we say ourselves: a sentence without a stack. */
class Refused extends Error {
  constructor(message, type) {
    super(message);
    this.error_type = type;
  }
}

function valueOf(kind, body) {
  if (kind === "void") return null;
  if (kind === "binary") return Buffer.from(body);
  if (!isUtf8(body)) throw new Refused(`The input is not valid ${kind === "json" ? "JSON" : "text"}: it is not UTF-8. Send other data as application/octet-stream.`, "InputError");
  const text = body.toString("utf8");
  if (kind === "text") return text;
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    throw new Refused(`The input is not valid JSON: ${error.message}.`, "InputError");
  }
}

/** Give the kind and the bytes of what `apply` gave. */
function bytesOf(result) {
  if (typeof result === "string") return ["text", Buffer.from(result)];
  if (ArrayBuffer.isView(result)) return ["binary", Buffer.from(result.buffer, result.byteOffset, result.byteLength)];
  if (types.isAnyArrayBuffer(result)) return ["binary", Buffer.from(result)];
  if (result === undefined) return ["json", Buffer.from("null")];
  return ["json", Buffer.from(json(result))];
}

function json(result) {
  let text;
  try {
    text = JSON.stringify(result);
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error; // of a toJSON
    throw new Refused(`The result cannot be said in JSON: ${error.message.split("\n")[0]}.`, "AlgorithmError");
  }
  if (text === undefined) throw new Refused(`The result is a ${typeof result}, which JSON does not know.`, "AlgorithmError");
  return text;
}

/** The fields of a FAILED frame. Never throws, whatever was thrown. */
function described(error, type, tree) {
  try {
    const isError = types.isNativeError(error) || error instanceof Error;
    const stack = error instanceof Refused || !isError ? "" : cleaned(error);
    return {
      error_type: typeOf(error) ?? type,
      message: messageOf(error, isError).slice(0, MOST_TEXT),
      stacktrace: stack.slice(0, MOST_TEXT),
      ...placeIn(stack, tree),
    };
  } catch {
    return { error_type: type, message: "The algorithm threw something that cannot be shown.", stacktrace: "" };
  }
}

function typeOf(error) {
  const own = error?.error_type ?? error?.errorType;
  if (typeof own === "string" && TYPE.test(own)) return own;
  if (error?.code === "ENOSPC" || error?.code === "EDQUOT") return "OutOfDiskError";
  return undefined;
}

function messageOf(error, isError) {
  if (!isError) return typeof error?.message === "string" ? error.message : typeof error === "object" ? JSON.stringify(error) : String(error);
  const missing = /^Cannot find (?:module|package) '([^'./][^']*)'/.exec(error.message);
  const message = error.message || error.name;
  if (!missing) return error.code === "MODULE_NOT_FOUND" ? message.split("\n")[0] : message;
  const parts = missing[1].split("/");
  const name = parts.slice(0, missing[1].startsWith("@") ? 2 : 1).join("/");
  return `Cannot find module '${missing[1]}'. If ${name} is a package, add it to package.json.`;
}

/** The stack without our own frames and those of Node.js. */
function cleaned(error, depth = 0) {
  const lines = String(error.stack ?? error).split("\n").filter((line) => !OURS.test(line));
  const text = lines.join("\n");
  if (depth > 5 || !(error.cause instanceof Error)) return text;
  return `${text}\nCaused by: ${cleaned(error.cause, depth + 1)}`;
}

/** The file and line of the author's that is named first. */
function placeIn(stack, tree) {
  const start = `${tree}/`;
  for (const [, file, line] of stack.matchAll(/(?:file:\/\/)?(\/[^\s():]+):(\d+)/g)) {
    if (file.startsWith(start) && !file.includes("/node_modules/")) {
      return { file: decodeURI(file.slice(start.length)), line: Number(line) };
    }
  }
  return {};
}

module.exports = { Refused, bytesOf, described, valueOf };
