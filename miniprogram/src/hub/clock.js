// What time it is at the hub: a phone's clock may be minutes off, and a code lasts seconds.
let ahead = 0; // of the hub, in milliseconds

/** `date`: the Date of an answer. */
export function heard(date) {
  const at = Date.parse(date);
  if (at) ahead = Date.now() - at;
}

export const now = () => Date.now() - ahead;
