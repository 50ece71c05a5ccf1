// A folder as one zip, so that a vendor's folder arrives whole. Nothing is compressed: the browser keeps pointing at the
// files on disk, and only their check sums are computed here. Layout: PKWARE APPNOTE 6.3, 4.3.7, 4.3.12 and 4.3.16.

const PIECE = 4 * 1024 * 1024;
const UTF8 = 0x0800;
const FIRST_DAY = 0x0021; // 1 January 1980: the zip is the same whenever it is made

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 as zip wants it. @param {Blob} file */
async function checksum(file) {
  let crc = 0xffffffff;
  for (let at = 0; at < file.size; at += PIECE) {
    const bytes = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
    for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Little-endian numbers one after another. @param {[size: 2 | 4, value: number][]} fields */
function record(fields) {
  const bytes = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) bytes.setUint16(at, value, true);
    else bytes.setUint32(at, value, true);
    at += size;
  }
  return bytes.buffer;
}

/**
 * Rejects when a file cannot be read. Below 4 GiB and 65,536 files.
 * @param {string} name @param {{file: File, path: string}[]} files @returns {Promise<File>}
 */
export async function packed(name, files) {
  /** @type {BlobPart[]} */
  const parts = [];
  /** @type {BlobPart[]} */
  const directory = [];
  let offset = 0;
  let length = 0;
  for (const { file, path } of files) {
    const label = new TextEncoder().encode(path);
    /** @type {[2 | 4, number][]} */
    const common = [
      [2, 20], [2, UTF8], [2, 0], [2, 0], [2, FIRST_DAY],
      [4, await checksum(file)], [4, file.size], [4, file.size], [2, label.length], [2, 0],
    ];
    parts.push(record([[4, 0x04034b50], ...common]), label, file);
    directory.push(record([[4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), label);
    offset += 30 + label.length + file.size;
    length += 46 + label.length;
  }
  const end = record([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, length], [4, offset], [2, 0]]);
  return new File([...parts, ...directory, end], name, { type: "application/zip", lastModified: 0 });
}
