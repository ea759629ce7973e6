// What stays on this phone until the shift ends: who stands where, the pack, the keys it was set up with, what is not handed in.
import { reactive } from "../shared/html.js";

const NAMES = ["shift", "pack", "keys", "queue"];

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(`gate-${name}`));
  } catch {
    return null;
  }
}

export const kept = reactive(Object.fromEntries(NAMES.map((name) => [name, read(name)])));
kept.queue ??= [];

export function keep(name, value) {
  kept[name] = value;
  if (value === null) localStorage.removeItem(`gate-${name}`);
  else localStorage.setItem(`gate-${name}`, JSON.stringify(value));
}

// The pack and the place go; what is not handed in stays.
export function endShift() {
  for (const name of ["shift", "pack", "keys"]) keep(name, null);
}
