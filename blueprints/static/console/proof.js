// Checks a proof of the ledger here, with public keys only: the way of each leaf to the root (RFC 9162), and the log's
// own signature under that root (C2SP signed notes).
const hex = (text) => Uint8Array.from(text.match(/../g) || [], (each) => parseInt(each, 16));
const base64 = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
const same = (one, other) => one.length === other.length && one.every((each, index) => each === other[index]);
const digest = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(parts.flatMap((part) => [...part]))));

export function checkpoint(note) {
  const [origin, size, root] = note.split("\n");
  const signers = note.split("\n").filter((line) => line.startsWith("— ")).map((line) => line.split(" ")[1]);
  return { origin, size: Number(size), root, signers };
}

// The key as `name+id+base64(kind, 32 bytes)`.
export async function isByLog(note, log) {
  const end = note.lastIndexOf("\n\n");
  const [, name, raw] = /^(.+?)\+[0-9a-f]{8}\+(.+)$/.exec(log) || [];
  const line = note.slice(end + 2).split("\n").find((each) => each.startsWith(`— ${name} `));
  if (end < 0 || !raw || !line) return false;
  try {
    const key = await crypto.subtle.importKey("raw", base64(raw).slice(1), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, base64(line.split(" ")[2]).slice(4), new TextEncoder().encode(note.slice(0, end + 1)));
  } catch {
    return false;
  }
}

async function rootOf(leaf, number, size, path) {
  let [at, last, hash] = [number, size - 1, await digest([0], hex(leaf))];
  for (const each of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      hash = await digest([1], hex(each), hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else {
      hash = await digest([1], hash, hex(each));
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : null;
}

// {signed, leaves: [{step, number, holds}]}
export async function check(proof, keys) {
  const { size, root } = checkpoint(proof.checkpoint);
  const leaves = [];
  for (const { step, number, leaf, path } of proof.leaves) {
    const found = number < size ? await rootOf(leaf, number, size, path) : null;
    leaves.push({ step, number, holds: Boolean(found) && same(found, base64(root)) });
  }
  return { signed: await isByLog(proof.checkpoint, keys.log), leaves };
}
