// Calls one algorithm with the published client and prints what its callback was given.
// Usage: node call.js ADDRESS KEY PATH KIND CONTENT, where KIND is text, json, binary, raw or void.
const algorithmia = require("algorithmia");

const [address, key, path, kind, content] = process.argv.slice(2);
const client = algorithmia.client(key, address);

const print = (...values) => {
  const shown = values.map((value) =>
    Buffer.isBuffer(value) ? { base64: value.toString("base64") } : value,
  );
  console.log(JSON.stringify(shown));
};

const inputs = {
  text: () => content,
  json: () => JSON.parse(content),
  binary: () => Buffer.from(content, "base64"),
};

if (kind === "raw" || kind === "void") {
  const type = { "Content-Type": "application/json" };
  client.req(`/v1/algo/${path}/?output=${kind}`, "POST", content, type, print);
} else {
  client
    .algo(path)
    .pipe(inputs[kind]())
    .then((response) => {
      try {
        print(response.status, response.metadata && response.metadata.content_type, response.get());
      } catch (thrown) {
        print(response.status, "thrown", thrown);
      }
    });
}
