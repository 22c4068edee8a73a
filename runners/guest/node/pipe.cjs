// The author's side of ../piping.py in JavaScript: load one file, then answer one call after another.
//
// Usage: node pipe.cjs CONTRACT FILE TREE READ_DESCRIPTOR WRITE_DESCRIPTOR. Ways to write the file:
//   exports.apply = function (input, cb) { cb(null, result) }    as the language pack had it
//   exports.apply = async (input, state) => result               state is what load() gave
//   export default async function (input) { return result }      a module
//   exports.apply = async function* (input) { yield [soFar, 0.5] }
//       what is yielded is told on the way, as in Python (../yielding.py), and it can be cancelled
"use strict";

const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { Refused, bytesOf, described, valueOf } = require("./values.cjs");

const READY = 3, RESULT = 5, FAILED = 6, EVENT = 7, CANCEL = 8;
const [contract, file, tree, reading, writing] = process.argv.splice(2);
/** What is going on, the loading or a call: the first who ends it has ended it. */
let current = null;
let answer = null;
let isCancelled = false;

function send(kind, header, body = Buffer.alloc(0)) {
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(9);
  prefix.writeUInt8(kind, 0);
  prefix.writeUInt32BE(text.length, 1);
  prefix.writeUInt32BE(body.length, 5);
  for (let data = Buffer.concat([prefix, text, body]); data.length; ) {
    data = data.subarray(fs.writeSync(Number(writing), data));
  }
}

function begin(failureType) {
  const began = process.hrtime.bigint();
  const one = {
    failureType,
    end(kind, header, body) {
      if (current !== one) return; // a callback that comes a second time, or too late
      current = null;
      socket.ref();
      send(kind, { ...header, run_us: Number((process.hrtime.bigint() - began) / 1000n) }, body);
    },
    fail(error) {
      one.end(FAILED, described(error, failureType, tree));
    },
  };
  current = one;
  socket.unref(); // so that Node.js says when nothing is left that could end it
  return one;
}

async function load() {
  const one = begin("LoadingError");
  try {
    const found = contract === "tests" ? require("./testing.cjs")(tree) : entrance(await imported(path.join(tree, file)));
    const state = found.load ? await found.load() : undefined;
    answer = (input) => applied(found.apply, input, state);
    one.end(READY, { cancel: /GeneratorFunction$/.test(found.apply.constructor.name) });
  } catch (error) {
    one.fail(error);
  }
}

/** A module of either kind: `require` tells of mistakes more clearly, `import` takes both. */
async function imported(name) {
  process.argv[1] = name;
  if (!name.endsWith(".mjs")) {
    try {
      return require(name);
    } catch (error) {
      if (!isModuleSyntax(error)) throw error;
    }
  }
  return import(pathToFileURL(name).href);
}

function isModuleSyntax(error) {
  if (error?.code === "ERR_REQUIRE_ESM" || error?.code === "ERR_REQUIRE_ASYNC_MODULE") return true;
  return error instanceof SyntaxError && /import statement outside|token 'export'|import\.meta/.test(error.message);
}

function entrance(module) {
  const places = [module, module?.default].filter((place) => place !== null && place !== undefined);
  const owner = places.find((place) => Object.hasOwn(place, "apply") && typeof place.apply === "function");
  const load = places.map((place) => place.load).find((one) => typeof one === "function");
  if (owner) return { apply: owner.apply.bind(owner), load };
  const itself = places.find((place) => typeof place === "function");
  if (itself) return { apply: itself, load };
  throw new Refused(`${file} exports no function apply(input, cb).`, "LoadingError");
}

function applied(apply, input, state) {
  const takesCallback = apply.length > 1 && apply.constructor.name !== "AsyncFunction";
  if (!takesCallback) return apply(input, state);
  return new Promise((resolve, reject) => {
    const promised = apply(input, (error, result) => (error ? reject(error) : resolve(result)), state);
    if (typeof promised?.then === "function") promised.then((result) => result !== undefined && resolve(result), reject);
  });
}

/** The last value of a generator; each is told on the way, and after each it may be cancelled. */
async function drained(generator, one) {
  let last;
  for (;;) {
    const { value, done } = await generator.next();
    if (done) return value === undefined ? last : value;
    await new Promise(setImmediate); // a CANCEL may have come
    if (isCancelled) {
      await generator.return();
      throw new Refused("The call was cancelled.", "Cancelled");
    }
    const [part, progress] = parts(value);
    if (part !== undefined && part !== null) last = part;
    if (current === one) tell(part, progress);
  }
}

function parts(value) {
  const isPair = Array.isArray(value) && value.length === 2 && typeof value[1] === "number" && value[1] >= 0 && value[1] <= 1;
  return isPair ? value : [value, undefined];
}

function tell(part, progress) {
  const header = progress === undefined ? {} : { progress };
  if (part === undefined || part === null) return send(EVENT, header);
  try {
    const [kind, body] = bytesOf(part);
    send(EVENT, { ...header, kind }, body);
  } catch {
    send(EVENT, header); // only a result must be sendable
  }
}

async function call(header, body) {
  const one = begin("AlgorithmError");
  isCancelled = false;
  try {
    const given = await answer(valueOf(header.kind, body));
    const isGenerator = typeof given?.next === "function" && (given[Symbol.asyncIterator] || given[Symbol.iterator]);
    const [kind, result] = bytesOf(isGenerator ? await drained(given, one) : given);
    one.end(RESULT, { kind }, result);
  } catch (error) {
    one.fail(error);
  }
}

process.on("uncaughtException", (error) => {
  if (current) current.fail(error);
  else console.error(error);
});
process.on("beforeExit", () => {
  const waiting = current?.failureType === "LoadingError" ? "load() gave a promise that nothing can keep" : "apply never called its callback, and nothing is left that could";
  current?.fail(new Refused(`${waiting}.`, current.failureType));
});
process.on("exit", (code) => {
  if (current) current.end(FAILED, { error_type: "SystemExit", message: `The algorithm ended itself: exited with code ${code}.`, stacktrace: "", is_last: true });
});

const socket = new net.Socket({ fd: Number(reading), readable: true, writable: false });
let received = Buffer.alloc(0);
socket.on("data", (data) => {
  received = received.length ? Buffer.concat([received, data]) : data;
  while (received.length >= 9) {
    const start = 9 + received.readUInt32BE(1);
    const end = start + received.readUInt32BE(5);
    if (received.length < end) return;
    const frame = received.subarray(0, end);
    received = received.subarray(end);
    if (frame[0] === CANCEL) isCancelled = true;
    else call(JSON.parse(frame.toString("utf8", 9, start)), frame.subarray(start));
  }
});
socket.on("close", () => process.exit(0));
load();
