// Files as one uncompressed tar, made of references: a Blob of headers and Files holds none of their bytes, can be cut
// anywhere, and is the same again when the same files are given again. Format: POSIX.1-2001 (ustar with pax headers).
const BLOCK = 512;
const LARGEST = 0o77777777777; // bytes; what eleven octal digits can say

const encoder = new TextEncoder();

function header(name, size, seconds, kind) {
  const block = new Uint8Array(BLOCK);
  const put = (text, at) => block.set(encoder.encode(text), at);
  const octal = (value, at, digits) => put(value.toString(8).padStart(digits, "0"), at);
  put(name, 0);
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(Math.min(size, LARGEST), 124, 11);
  octal(seconds, 136, 11);
  put("        ", 148); // the checksum counts itself as spaces
  put(kind, 156);
  put("ustar\u000000", 257);
  octal(block.reduce((sum, byte) => sum + byte, 0), 148, 6);
  block[154] = 0;
  return block;
}

// A pax record begins with its own length in bytes, the digits of the length included.
function record(key, value) {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return `${length} ${key}=${value}\n`;
}

const padding = (size) => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);

// files: [{ path, file }]. Returns a Blob.
function packed(files) {
  const parts = [];
  for (const { path, file } of files) {
    const seconds = Math.max(0, Math.floor(file.lastModified / 1000));
    const plain = /^[\x20-\x7e]{1,100}$/.test(path);
    const records = (plain ? "" : record("path", path)) + (file.size > LARGEST ? record("size", file.size) : "");
    if (records) {
      const body = encoder.encode(records);
      parts.push(header("pax", body.length, seconds, "x"), body, padding(body.length));
    }
    const name = plain ? path : path.replace(/[^\x20-\x7e]/g, "_").slice(-100);
    parts.push(header(name, file.size, seconds, "0"), file, padding(file.size));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new Blob(parts);
}
