const algorithmia = require("algorithmia");

// The client speaks as whoever calls this algorithm: no key is needed here.
const client = algorithmia.client();

// What stands at this level runs once, when a sandbox starts: load your model here.

// Answer one call. `input` is what the caller sent: a string, a Buffer, or any JSON value.
exports.apply = function (input, cb) {
  cb(null, "Hello " + input);
};
