// Every question to the hub. An answer that is no success is thrown as a Refusal the page can show as it is.
import { heard } from "./clock.js";
import { keep } from "./keep.js";
import { settings } from "./settings.js";
import { session, setTokens, forget } from "./session.js";
import { t } from "../words/index.js";

// #ifdef H5
export const HUB = "/api/v1";
// #endif
// #ifndef H5
export const HUB = import.meta.env.VITE_HUB_URL || "https://hub.example/api/v1"; // the county's own host name
// #endif
const PATIENCE_MS = 20000;
const SOON_S = 5; // a hub that is busy for longer says so to the person
const MOST_AGAIN = 2;

export class Refusal extends Error {
  constructor(status, body, trace) {
    super(body.title);
    this.status = status;
    this.code = body.code || "UNKNOWN";
    this.title = body.title;
    this.action = body.action || "retry";
    this.trace = body.trace_id || trace || "";
    this.notice = body.notice || "";
    this.detail = body.detail || "";
    this.retryAfter = body.retry_after || 0;
    this.errors = body.errors || [];
    this.receipt = body.receipt_no || ""; // of what was submitted before
    this.consent = body.consent || null;
  }

  /** Whether it is open what became of it: the same key must be used again. */
  get unknown() {
    return this.status === 0 || this.status >= 500 || this.status === 409 || this.status === 429;
  }
}

function headers(more) {
  const sent = { "Accept-Language": settings.lang === "en" ? "en" : "zh-CN", ...more };
  if (session.access) sent.Authorization = `Bearer ${session.access}`;
  return sent;
}

/** `sent`: something was to be filed, and nobody knows whether it arrived. */
function offline(sent) {
  return new Refusal(0, { code: "OFFLINE", title: t(sent ? "offlineSent" : "offline"), action: "retry" }, "");
}

function request(method, path, body, more) {
  return new Promise((resolve, reject) => {
    const sent = { Accept: "application/json", ...more };
    if (body !== undefined) sent["Content-Type"] = "application/json";
    uni.request({
      url: HUB + path,
      method,
      data: body === undefined ? undefined : JSON.stringify(body),
      header: headers(sent),
      timeout: PATIENCE_MS,
      success: (answer) => {
        heard(named(answer, "Date"));
        resolve(answer);
      },
      fail: (why) => reject(Object.assign(offline("Idempotency-Key" in sent), { broken: !/timeout/.test(why.errMsg) })),
    });
  });
}

/** A question that changes nothing: again after the moment a busy hub asks for, and once where the line broke. */
async function steadily(path, more) {
  for (let again = 0; ; again += 1) {
    let wait = 1;
    try {
      const answer = await request("GET", path, undefined, more);
      wait = [429, 503].includes(answer.statusCode) ? Number(bodyOf(answer).retry_after ?? named(answer, "Retry-After") ?? NaN) : NaN;
      if (again >= MOST_AGAIN || !(wait <= SOON_S)) return answer;
    } catch (refusal) {
      if (again || !refusal.broken) throw refusal;
    }
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  }
}

const bodyOf = (answer) => (typeof answer.data === "string" ? parsed(answer.data) : answer.data || {});

function opened(answer) {
  const body = bodyOf(answer);
  if (answer.statusCode >= 200 && answer.statusCode < 300) return body;
  throw new Refusal(answer.statusCode, body.title ? body : { title: t("noAnswer"), action: "retry" }, named(answer, "X-Trace-Id"));
}

/** A header: browsers give its name in small letters, WeChat as it was sent. */
function named(answer, name) {
  const header = answer.header || {};
  return header[name.toLowerCase()] || header[name];
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

let refreshing = null;

async function refresh() {
  if (!session.refresh) return false;
  refreshing =
    refreshing ||
    request("POST", "/sessions/refresh", { refresh_token: session.refresh })
      .then((answer) => {
        if (answer.statusCode !== 200) {
          if (answer.statusCode === 401) forget();
          return false;
        }
        setTokens(opened(answer));
        return true;
      })
      .finally(() => {
        refreshing = null;
      });
  return refreshing;
}

/** The body of a successful answer. Throws Refusal. `key`: the Idempotency-Key; `actFor`: a mandate's id; `once`: a
 * question that is not asked again by itself. */
export async function ask(method, path, body, { key, actFor, once } = {}) {
  const more = {};
  if (key) more["Idempotency-Key"] = key;
  if (actFor) more["X-Act-For"] = actFor;
  const held = session.access;
  const put = () => (method === "GET" && !once ? steadily(path, more) : request(method, path, body, more));
  let answer = await put();
  if (answer.statusCode === 401 && held && (await refresh())) answer = await put();
  return opened(answer);
}

export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, body, options) => ask("POST", path, body, options);

/** The newest answer, or what is kept on the phone with `at`, when the hub cannot be reached: at once, as it is there. */
export async function latest(path, { actFor = "" } = {}) {
  const name = `kept:${session.citizen || "guest"}:${settings.lang}:${actFor}${path}`;
  const copy = uni.getStorageSync(name);
  try {
    const body = await get(path, { actFor, once: !!copy });
    keep(name, { at: new Date().toISOString(), body });
    return { body, at: "" };
  } catch (refusal) {
    if (copy && (refusal.status === 0 || refusal.status === 429 || refusal.status >= 500)) return { body: copy.body, at: copy.at };
    throw refusal;
  }
}

/** Send one paper: `what` is {file} in a browser, {path} in WeChat. Resolves to the hub's answer. */
export function send(what, type, service) {
  return new Promise((resolve, reject) => {
    uni.uploadFile({
      url: `${HUB}/files`,
      name: "file",
      // The framework refuses a file that has no path, though it then takes the file.
      ...(what.file ? { file: what.file, filePath: "chosen" } : { filePath: what.path }),
      formData: service ? { type, service } : { type },
      header: headers({}),
      success: (answer) => {
        try {
          resolve(opened(answer));
        } catch (refusal) {
          reject(refusal);
        }
      },
      fail: () => reject(offline()),
    });
  });
}

export function newKey() {
  const bytes = new Uint8Array(16);
  if (typeof crypto !== "undefined" && crypto.getRandomValues) crypto.getRandomValues(bytes);
  else bytes.forEach((_, index) => (bytes[index] = Math.floor(Math.random() * 256)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
