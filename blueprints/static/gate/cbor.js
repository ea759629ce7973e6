// As much of Base45 and CBOR as a signed form needs. Whatever is not exactly that throws.
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export function base45(text) {
  const digits = [...text].map((each) => ALPHABET.indexOf(each));
  if (digits.includes(-1) || text.length % 3 === 1) throw new Error("no Base45");
  const bytes = [];
  for (let at = 0; at < digits.length; at += 3) {
    const part = digits.slice(at, at + 3);
    const value = part[0] + part[1] * 45 + (part[2] ?? 0) * 2025;
    if (value > (part.length === 3 ? 0xffff : 0xff)) throw new Error("no Base45");
    bytes.push(...(part.length === 3 ? [value >> 8, value & 255] : [value]));
  }
  return new Uint8Array(bytes);
}

export function base64url(text) {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
}

export class Tagged {
  constructor(tag, value) {
    Object.assign(this, { tag, value });
  }
}

export function decode(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (count) => {
    if (at + count > bytes.length) throw new Error("too short");
    at += count;
    return at - count;
  };
  function size(info) {
    if (info < 24) return info;
    if (info === 24) return view.getUint8(take(1));
    if (info === 25) return view.getUint16(take(2));
    if (info === 26) return view.getUint32(take(4));
    if (info === 27) return Number(view.getBigUint64(take(8)));
    throw new Error("no fixed length");
  }
  const many = (count, read) => Array.from({ length: count }, read);
  function item(depth) {
    if (depth > 8) throw new Error("too deep");
    const head = view.getUint8(take(1));
    const count = size(head & 31);
    if ([2, 3, 4, 5].includes(head >> 5) && count > bytes.length) throw new Error("too long");
    switch (head >> 5) {
      case 0: return count;
      case 1: return -1 - count;
      case 2: return bytes.slice(take(count), at);
      case 3: return new TextDecoder("utf-8", { fatal: true }).decode(bytes.slice(take(count), at));
      case 4: return many(count, () => item(depth + 1));
      case 5: return new Map(many(count, () => [item(depth + 1), item(depth + 1)]));
      case 6: return new Tagged(count, item(depth + 1));
      default: throw new Error("nothing we know");
    }
  }
  const value = item(0);
  if (at !== bytes.length) throw new Error("too long");
  return value;
}

function bytesItem(bytes) {
  const length = bytes.length < 24 ? [0x40 | bytes.length] : bytes.length < 256 ? [0x58, bytes.length] : [0x59, bytes.length >> 8, bytes.length & 255];
  return [...length, ...bytes];
}

// ["Signature1", head, h'', payload] of RFC 9052.
export function signed(head, payload) {
  const name = new TextEncoder().encode("Signature1");
  return new Uint8Array([0x84, 0x60 | name.length, ...name, ...bytesItem(head), 0x40, ...bytesItem(payload)]);
}
