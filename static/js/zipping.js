/** @typedef {{ path: string, file: File }} Entry */

const LEFT_OUT = [".git", "node_modules", "__pycache__", ".venv"];

/**
 * A zip archive of the files, stored as they are: what a form can send of a folder.
 * @param {Entry[]} entries
 * @returns {Promise<Blob>}
 */
export async function packed(entries) {
  const [parts, directory] = [/** @type {BlobPart[]} */ ([]), /** @type {BlobPart[]} */ ([])];
  let [offset, size] = [0, 0];
  for (const { path, file } of entries) {
    const name = new TextEncoder().encode(path);
    const facts = [crc(new Uint8Array(await file.arrayBuffer())), file.size, file.size];
    const head = numbers([0x04034b50, 4], [20, 2], [0x800, 2], [0, 2], [0, 2], [33, 2], ...fours(facts), [name.length, 2], [0, 2]);
    const listed = numbers([0x02014b50, 4], [20, 2], [20, 2], [0x800, 2], [0, 2], [0, 2], [33, 2], ...fours(facts), [name.length, 2], [0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]);
    parts.push(head, name, file);
    directory.push(listed, name);
    offset += head.length + name.length + file.size;
    size += listed.length + name.length;
  }
  const count = entries.length;
  const end = numbers([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [offset, 4], [0, 2]);
  return new Blob([...parts, ...directory, end]);
}

/**
 * All files of what was dropped, folders walked through.
 * @param {DataTransfer} dropped
 * @returns {Promise<Entry[]>}
 */
export async function entriesOf(dropped) {
  const roots = [...dropped.items].map((item) => item.webkitGetAsEntry());
  const found = await Promise.all(roots.map((root) => (root ? walked(root) : [])));
  return found.flat();
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<Entry[]>}
 */
async function walked(entry) {
  if (LEFT_OUT.includes(entry.name)) return [];
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const inside = /** @type {Entry[]} */ ([]);
  for (;;) {
    const some = /** @type {FileSystemEntry[]} */ (await new Promise((resolve, reject) => reader.readEntries(resolve, reject)));
    if (!some.length) return inside;
    for (const one of some) inside.push(...(await walked(one)));
  }
}

/** @param {number[]} values @returns {[number, number][]} */
function fours(values) {
  return values.map((value) => [value, 4]);
}

/** Little-endian. @param {...[number, number]} values each with its bytes */
function numbers(...values) {
  return Uint8Array.from(values.flatMap(([value, bytes]) => Array.from({ length: bytes }, (_, place) => (value / 2 ** (8 * place)) & 255)));
}

const TABLE = Uint32Array.from({ length: 256 }, (_, start) => {
  let value = start;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes */
function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
