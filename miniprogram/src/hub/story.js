// The timeline of a case as it is shown: the newest first; a line that only says the same again stands once.
export function story(lines) {
  return lines.filter((each, at) => at + 1 === lines.length || !same(each, lines[at + 1])).reverse();
}

const same = (one, other) => one.event === other.event && one.by === other.by && one.receipt_no === other.receipt_no && !one.detail.text && !other.detail.text;
