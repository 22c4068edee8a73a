// Runs one operation of the published client and prints what its callback was given.
// Usage: node data.js ADDRESS KEY OPERATION URI [CONTENT]
const algorithmia = require("algorithmia");

const [address, key, operation, uri, content] = process.argv.slice(2);
const client = algorithmia.client(key, address);

const print = (...values) => {
  const shown = values.map((value) =>
    Buffer.isBuffer(value) ? { base64: value.toString("base64") } : value,
  );
  console.log(JSON.stringify(shown));
};

const names = (each) => {
  const seen = [];
  each((error, entry) => seen.push(error ? { error } : entry.data_path)).then(() => print(seen));
};

const operations = {
  putString: () => client.file(uri).putString(content, print),
  putJson: () => client.file(uri).putJson(content, print),
  put: () => client.file(uri).put(Buffer.from(content, "base64"), print),
  putFile: () => client.dir(uri).putFile(content, print),
  get: () => client.file(uri).get(print),
  getString: () => client.file(uri).getString(print),
  getJson: () => client.file(uri).getJson(print),
  exists: () => client.file(uri).exists(print),
  delete: () => client.file(uri).delete(print),
  create: () => client.dir(uri).create(print),
  dirExists: () => client.dir(uri).exists(print),
  list: () => names((callback) => client.dir(uri).forEach(callback)),
  dirDelete: () => client.dir(uri).delete(false, print),
  dirForce: () => client.dir(uri).delete(true, print),
};

operations[operation]();
