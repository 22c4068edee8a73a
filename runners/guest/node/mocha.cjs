// Gives a file of tests the names that mocha has without asking, from node:test.
"use strict";

const test = require("node:test");

/** mocha's `done` is the first parameter; that of node:test the second. */
const body = (fn) => (typeof fn === "function" && fn.length === 1 ? (_, done) => fn(done) : fn);
const itself = (name, fn) => test.it(name, body(fn));
itself.skip = test.it.skip;
itself.only = itself;

Object.assign(globalThis, { describe: test.describe, it: itself, before: test.before, after: test.after, beforeEach: test.beforeEach, afterEach: test.afterEach });
