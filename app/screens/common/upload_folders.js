// What was dropped: files, and folders, which are read to the bottom. A vendor's folder is one measurement in many
// files; sent one by one they would mean nothing, so it stays together.

const MOST = 500;
const MOST_IN_ONE = 5_000; // what a zip may hold here
const NOT_MEANT = /^(\.|~\$|thumbs\.db$|desktop\.ini$|__MACOSX$)/i;
const VENDOR_NAME = /\.(d|raw)$/i;
const VENDOR_FILE = /^(acqdata|_func\d+\.dat|_header\.txt|data\.ms|analysis\.(baf|tdf|tsf|yep)|msd1\.ms|fid|acqus?)$/i;

/** @typedef {{file: File, path: string}} Found */
/** @typedef {{name: string, files: Found[]}} Folder a vendor's, with paths that begin with its own name */
/** @typedef {{name: string, why: "vendor" | "empty" | "many" | "unreadable"}} Left */

/** @param {FileSystemDirectoryEntry} folder @returns {Promise<FileSystemEntry[]>} */
async function children(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) { // a hundred come at a time, and none at the end
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all.filter((entry) => !NOT_MEANT.test(entry.name));
    all.push(...some);
  }
}

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/** @param {FileSystemEntry} entry */
const pathOf = (entry) => entry.fullPath.replace(/^\//, "") || entry.name;

/** All files below an entry. @param {FileSystemEntry} entry @param {Found[]} files */
async function gather(entry, files) {
  if (files.length > MOST_IN_ONE) return;
  if (entry.isFile) files.push({ file: await fileOf(/** @type {FileSystemFileEntry} */ (entry)), path: pathOf(entry) });
  else for (const one of await children(/** @type {FileSystemDirectoryEntry} */ (entry))) await gather(one, files);
}

/** @param {FileSystemEntry} entry @param {Found[]} found @param {Folder[]} folders @param {Left[]} left @param {boolean} zips */
async function walk(entry, found, folders, left, zips) {
  const path = pathOf(entry);
  try {
    if (entry.isFile) {
      found.push({ file: await fileOf(/** @type {FileSystemFileEntry} */ (entry)), path });
      return;
    }
    const inside = await children(/** @type {FileSystemDirectoryEntry} */ (entry));
    if (VENDOR_NAME.test(entry.name) || inside.some((one) => VENDOR_FILE.test(one.name))) {
      /** @type {Found[]} */
      const files = [];
      if (zips) await gather(entry, files);
      const within = pathOf(entry).length - entry.name.length;
      if (!zips) left.push({ name: path, why: "vendor" });
      else if (!files.length) left.push({ name: path, why: "empty" });
      else if (files.length > MOST_IN_ONE) left.push({ name: path, why: "many" });
      else folders.push({ name: path, files: files.map((one) => ({ file: one.file, path: one.path.slice(within) })) });
    } else if (!inside.length) {
      left.push({ name: path, why: "empty" });
    } else {
      inside.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
      for (const one of inside) {
        if (found.length > MOST) return;
        await walk(one, found, folders, left, zips);
      }
    }
  } catch {
    left.push({ name: path, why: "unreadable" });
  }
}

/**
 * Files, vendor folders to be packed, and what had to be left. Call it in the drop event itself: afterwards the browser
 * forgets what was dropped. `zips`: whether a vendor's folder can be read here.
 * @param {DataTransfer} data @param {boolean} zips @returns {Promise<{found: Found[], folders: Folder[], left: Left[]}>}
 */
export async function dropped(data, zips) {
  const entries = [...data.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) { // as they are: also where the browser knows no entries
    return { found: [...data.files].map((file) => ({ file, path: file.name })), folders: [], left: [] };
  }
  /** @type {Found[]} */
  const found = [];
  /** @type {Folder[]} */
  const folders = [];
  /** @type {Left[]} */
  const left = [];
  for (const entry of entries) {
    if (!entry) continue;
    /** @type {Found[]} */
    const own = [];
    await walk(entry, own, folders, left, zips);
    if (own.length > MOST) left.push({ name: entry.name, why: "many" });
    else found.push(...own);
  }
  return { found, folders, left };
}

/** @param {Left} left */
export function sentenceOf({ why }) {
  if (why === "vendor") return "This vendor’s folder cannot be read here. Export the measurement as mzML, CDF or CSV and drop that file.";
  if (why === "empty") return "There is no file in this folder.";
  if (why === "many") return "There are too many files in this folder. None was sent. Drop the files you need.";
  return "The browser could not read this. Zip a folder first, or choose a file with the button above.";
}
