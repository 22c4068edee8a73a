const assert = require("node:assert");
const test = require("node:test");
const { apply } = require("./__ALGO__.js");

test("says hello", (_, done) => {
  apply("Jane", (error, result) => {
    assert.equal(error, null);
    assert.equal(result, "Hello Jane");
    done();
  });
});
