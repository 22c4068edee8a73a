// Runs the author's tests as one call whose result is the report: see ../testing.py.
//
// Files that are named *.test.js, *_test.js, test-*.js or test_*.js, or lie in a folder `test`, written
// for node:test; `describe` and `it` are there without asking, as mocha has them.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { run } = require("node:test");

const IS_TEST = /(^|\/)(test|tests)\/.*\.[cm]?js$|[._-]test\.[cm]?js$|(^|\/)test[-_][^/]*\.[cm]?js$/;
const LEFT_OUT = new Set([".git", "node_modules"]);
const MOST_MESSAGE = 20000;

function* filesOf(folder, below = "") {
  for (const entry of fs.readdirSync(path.join(folder, below), { withFileTypes: true })) {
    const name = path.posix.join(below, entry.name);
    if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) yield* filesOf(folder, name);
    else if (entry.isFile() && IS_TEST.test(name)) yield name;
  }
}

/** @param {string} tree */
module.exports = (tree) => ({
  async apply() {
    const files = [...filesOf(tree)].sort();
    const tests = files.length ? await outcomesOf(tree, files) : [];
    const count = (outcome) => tests.filter((test) => test.outcome === outcome).length;
    return { files, passed: count("passed"), failed: count("failed"), skipped: count("skipped"), tests };
  },
});

async function outcomesOf(tree, files) {
  process.env.NODE_OPTIONS = `--require ${path.join(__dirname, "mocha.cjs")}`;
  const tests = [];
  const names = new Map();
  const stream = run({ files: files.map((file) => path.join(tree, file)), concurrency: 1 });
  stream.on("test:stdout", ({ message }) => process.stdout.write(message));
  stream.on("test:stderr", ({ message }) => process.stderr.write(message));
  stream.on("test:start", ({ name, nesting }) => names.set(nesting, name));
  for (const [event, outcome] of [["test:pass", "passed"], ["test:fail", "failed"]]) {
    stream.on(event, (data) => {
      const isWhole = data.details?.type === "suite" || path.isAbsolute(data.name);
      if (isWhole && (outcome === "passed" || data.details?.error?.failureType === "subtestsFailed")) return;
      const above = Array.from({ length: data.nesting }, (_, level) => names.get(level)).filter((name) => name && !path.isAbsolute(name));
      tests.push({
        name: [...above, path.isAbsolute(data.name) ? path.relative(tree, data.name) : data.name].join(" › "),
        outcome: data.skip || data.todo ? "skipped" : outcome,
        seconds: (data.details?.duration_ms ?? 0) / 1000,
        message: outcome === "failed" ? messageOf(data.details?.error) : "",
      });
    });
  }
  await new Promise((resolve) => stream.on("end", resolve).resume());
  return tests;
}

function messageOf(error) {
  const cause = error?.cause ?? error;
  const text = String(cause?.stack ?? cause?.message ?? cause ?? "");
  return text.split("\n").filter((line) => !/\(node:|at node:/.test(line)).join("\n").slice(0, MOST_MESSAGE);
}
