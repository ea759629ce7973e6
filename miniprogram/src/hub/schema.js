// What a JSON Schema says of what was typed. The hub checks again and has the last word.
export function faults(schema, names, values, missing) {
  const needed = schema.required || [];
  const found = {};
  for (const name of names) if (needed.includes(name) && empty(values[name])) found[name] = missing;
  return found;
}

/** The values as the schema wants them, without what was left empty. */
export function typed(schema, names, values) {
  const out = {};
  for (const name of names) {
    if (empty(values[name])) continue;
    const type = schema.properties[name].type;
    const whole = (type === "integer" || type === "number") && /^-?\d+(\.\d+)?$/.test(String(values[name]).trim());
    out[name] = whole ? Number(values[name]) : typeof values[name] === "string" ? values[name].trim() : values[name];
  }
  return out;
}

const empty = (value) => value === undefined || value === null || String(value).trim() === "";
