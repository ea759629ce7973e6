// What a gate does that has nothing but its pack and the keys it was set up with: the same steps as the hub's own
// (hub/health_code/offline.py). A pack that is over decides nothing, and says so.
import { base45, base64url, decode, signed, Tagged } from "./cbor.js";

const PREFIX = "XT1:";
const PACK_KIND = "gate-pack";
const LONGEST = 1200;
const SKEW_MS = 90_000;
const [SIGN1, EDDSA, ALG, KID, ISS, EXP, IAT, OURS] = [18, -8, 1, 4, 1, 4, 6, -70001];

async function isRight(key, text, signature) {
  if (key.alg !== "EdDSA") return false; // browsers know no SM2
  try {
    const made = await crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x: key.x }, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", made, signature, text);
  } catch {
    return false;
  }
}

const json = (part) => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(base64url(part)));

// The claims of the pack's proof if one of the trusted keys signed it; null else.
export async function proven(pack, trusted) {
  try {
    const [head, body, signature] = pack.proof.trim().split(".");
    const { kid, alg, typ } = json(head);
    const key = trusted.find((each) => each.kid === kid && each.alg === alg);
    const right = key && typ === PACK_KIND && (await isRight(key, new TextEncoder().encode(`${head}.${body}`), base64url(signature)));
    return right ? json(body) : null;
  } catch {
    return null;
  }
}

// What a form says that one of these keys signed; null for whatever is none.
async function read(text, keys) {
  try {
    if (!text.startsWith(PREFIX) || text.length > LONGEST) return null;
    const message = decode(base45(text.slice(PREFIX.length)));
    if (!(message instanceof Tagged) || message.tag !== SIGN1) return null;
    const [head, , payload, signature] = message.value;
    const named = decode(head);
    const kid = new TextDecoder().decode(named.get(KID));
    const key = named.get(ALG) === EDDSA && keys.find((each) => each.kid === kid);
    if (!key || !(await isRight(key, signed(head, payload), signature))) return null;
    const claims = decode(payload);
    const [grade, , until, name, number, mark] = claims.get(OURS);
    return { region: claims.get(ISS), made: claims.get(IAT) * 1000, ends: claims.get(EXP) * 1000, until: until * 1000, grade, name, number, mark };
  } catch {
    return null;
  }
}

const undecided = (why, asOf, more = {}) => ({ result: "cannot_decide", why, asOf, ...more });

// {result, why, asOf, grade?, advice?, name?, number?}; `why` is empty or the code of what is wrong.
export async function decide(text, pack, trusted, now = Date.now()) {
  const told = pack && (await proven(pack, trusted || []));
  if (!told) return undecided(pack ? "PACK_INVALID" : "PACK_MISSING", null);
  const asOf = told.issued_at;
  if (now > Date.parse(told.valid_until)) return undecided("PACK_EXPIRED", asOf);
  if (!text.startsWith(PREFIX)) return undecided("NEEDS_LINK", asOf);
  const facts = await read(text, told.keys);
  if (!facts) return undecided("QR_INVALID", asOf);
  if (now < facts.made - SKEW_MS || now > facts.ends + SKEW_MS) return undecided("QR_EXPIRED", asOf);
  if (facts.until < now) return undecided("REPORT_EXPIRED", asOf);
  const meant = told.grades[facts.grade];
  const masked = { name: facts.name, number: facts.number };
  if (!meant || told.revoked.includes(facts.mark) || facts.region !== told.region) return undecided(meant ? "REVOKED" : "NO_GRADE", asOf, masked);
  return { result: meant.result, why: "", asOf, grade: facts.grade, gradeName: meant.name, advice: meant.advice, ...masked };
}
