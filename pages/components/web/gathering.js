// What a person gives, from a drop or a chooser, as a list of { path, file }; and what is to be sent of it.
const ARCHIVE = /\.(zip|tar|tgz|tar\.gz|tzst|tar\.zst)$/i;
const TABLE = /\.(csv|tsv)$/i;

// Everything below what was dropped. Entries must be taken at once: they are gone when the event is over.
async function dropped(transfer, told) {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() || item.getAsFile());
  const found = { files: [], unread: [] };
  for (const entry of entries) {
    if (entry instanceof File) found.files.push({ path: entry.name, file: entry });
    else if (entry) await walk(entry, found, told);
  }
  return found;
}

async function walk(entry, found, told) {
  const path = entry.fullPath.replace(/^\//, "");
  try {
    if (entry.isFile) {
      found.files.push({ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
      told(found.files.length);
      return;
    }
    const reader = entry.createReader();
    for (;;) { // a reader gives a hundred at a time
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return;
      for (const one of some) await walk(one, found, told);
    }
  } catch {
    found.unread.push(path);
  }
}

const chosen = (list) => ({ files: [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file })), unread: [] });

// One archive or video goes as it is; anything else goes as one tar. Throws words where there is nothing to send.
function load(files, { videos, most }) {
  const single = files.length === 1 ? files[0].file : null;
  const video = (name) => videos.some((ending) => name.toLowerCase().endsWith(ending));
  if (!files.length) throw { what: "There is nothing in what you gave", remedy: "Give a folder with pictures, some pictures, or an archive" };
  if (files.length > most) {
    throw { what: `That is ${words(files.length)} files, and ${words(most)} are allowed at once`, remedy: "Give fewer folders at once" };
  }
  if (files.length > 1 && files.every(({ path }) => ARCHIVE.test(path))) {
    throw { what: "These are several archives", why: "They are opened one at a time", remedy: "Give the first one now, and add the others to the dataset afterwards" };
  }
  files.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
  const whole = single && (ARCHIVE.test(single.name) || video(single.name));
  const tops = new Set(files.map(({ path }) => (path.includes("/") ? path.split("/", 1)[0] : "")));
  const [top] = tops;
  return {
    blob: whole ? single : packed(files),
    name: whole || (single && !top) ? single.name : tops.size === 1 && top ? top : "Pictures",
    fingerprint: fingerprint(files),
    given: {
      files: files.length,
      loose: whole ? 0 : files.filter(({ path }) => !path.includes("/")).length,
      table: files.some(({ path }) => TABLE.test(path)),
    },
  };
}

// The same for the same unchanged files, so that sending can go on after a reload. Not a secret and no proof:
// cyrb53, 53 bits, by bryc (public domain), which also works where the browser offers no cryptography (plain HTTP).
function fingerprint(files) {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  const mix = (text) => {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      high = Math.imul(high ^ code, 2654435761);
      low = Math.imul(low ^ code, 1597334677);
    }
  };
  for (const { path, file } of files) mix(`${path}\n${file.size}\n${file.lastModified}\n`);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return `${files.length}-${(4294967296 * (2097151 & low) + (high >>> 0)).toString(16)}`;
}

const words = (number) => number.toLocaleString("en-GB");
