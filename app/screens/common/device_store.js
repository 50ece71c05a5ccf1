// What this device keeps of its own: rows in IndexedDB, sealed with a key that never leaves the browser. No library.
//
// The key can be used and not read out (AES-GCM, not extractable). A row has an `id`; what is in `sealed` is unreadable without
// the key, what stands beside it is not secret: times, counts, the number on a label.

const NAME = "mast";
const STORES = ["own", "outbox", "codes", "drafts"];
const NONCE = 12; // bytes used once (NIST SP 800-38D)

/** @type {Promise<IDBDatabase> | null} */
let opening = null;

/** @returns {Promise<IDBDatabase>} */
function database() {
  opening ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => STORES.forEach((name) => asked.result.createObjectStore(name, { keyPath: "id" }));
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
      asked.result.onversionchange = () => asked.result.close();
      resolve(asked.result);
    };
  });
  opening.catch(() => { opening = null; });
  return opening;
}

/** Can anything be kept here at all? Not without https, and not in some private windows. */
export async function works() {
  try {
    if (!isSecureContext || !crypto.subtle || !navigator.locks) return false;
    await unsealed(await sealed("x"));
    return true;
  } catch { return false; }
}

/** @template T @param {string} store @param {(rows: IDBObjectStore) => IDBRequest<T>} ask @returns {Promise<T>} */
async function read(store, ask) {
  const rows = (await database()).transaction(store).objectStore(store);
  return new Promise((resolve, reject) => {
    const asked = ask(rows);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

/** @param {string} store @param {IDBValidKey} id @returns {Promise<any>} */
export const row = (store, id) => read(store, (rows) => rows.get(id));
/** In the order of their keys. @param {string} store @returns {Promise<any[]>} */
export const all = (store) => read(store, (rows) => rows.getAll());
/** @param {string} store @returns {Promise<number>} */
export const count = (store) => read(store, (rows) => rows.count());

/** All of these changes or none, and on the disk before this returns. @param {[store: string, put: {id: any} | null, remove?: any][]} changes */
export async function write(...changes) {
  const stores = [...new Set(changes.map(([store]) => store))];
  const work = (await database()).transaction(stores, "readwrite", { durability: "strict" });
  for (const [store, put, remove] of changes) {
    if (put) work.objectStore(store).put(put);
    else work.objectStore(store).delete(remove);
  }
  await new Promise((resolve, reject) => {
    work.oncomplete = () => resolve(null);
    work.onabort = work.onerror = () => reject(work.error);
  });
}

/** @returns {Promise<CryptoKey>} */
async function key() {
  return navigator.locks.request("mast-key", async () => {
    const there = await row("own", "key");
    if (there) return there.key;
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await write(["own", { id: "key", key: made }]);
    return made;
  });
}

/** @param {unknown} value anything JSON can hold */
export async function sealed(value) {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  const text = new TextEncoder().encode(JSON.stringify(value));
  return { nonce, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, await key(), text) };
}

/** @param {{nonce: Uint8Array<ArrayBuffer>, data: ArrayBuffer}} box @returns {Promise<any>} */
export async function unsealed(box) {
  const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: box.nonce }, await key(), box.data);
  return JSON.parse(new TextDecoder().decode(text));
}

/** A key that sorts by time (UUIDv7, RFC 9562). */
export function timeOrderedId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = Date.now();
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
