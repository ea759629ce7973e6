// The one way to the hub. What the hub refuses is thrown with its plain sentence.
import { reactive } from "/vendor/vue.js";
import { t } from "./words.js";

const KEY = "staff-session";
// A gate is opened again without a net, and its account ends with the shift; everybody else is gone with the tab.
const shelf = location.pathname === "/gate" ? localStorage : sessionStorage;

export const session = reactive({ tokens: null, me: null, ended: false });

try {
  session.tokens = JSON.parse(shelf.getItem(KEY));
} catch {
  shelf.removeItem(KEY);
}

export class Refused extends Error {
  // `code` and `status` as the hub's problem has them; status 0: nobody answered.
  constructor(problem) {
    super(problem.title);
    Object.assign(this, { code: problem.code, status: problem.status, trace: problem.trace_id || "", errors: problem.errors || [] });
  }

  get sentence() {
    const why = ({ path, message }) => [message !== this.message && message, path && t(`（${path}）`, `(${path})`)].filter(Boolean).join(t("", " "));
    return [this.message, this.errors.map(why).join(t("；", "; ")), this.trace && t(`（编号 ${this.trace}）`, `(number ${this.trace})`)].filter(Boolean).join(t("", " "));
  }
}

export function keep(tokens) {
  session.tokens = tokens;
  if (tokens) shelf.setItem(KEY, JSON.stringify(tokens));
  else shelf.removeItem(KEY);
}

async function sent(method, path, body, headers) {
  const asked = { method, headers: { "Accept-Language": t("zh-CN", "en"), ...headers }, cache: "no-store" };
  if (session.tokens) asked.headers.Authorization = `Bearer ${session.tokens.access_token}`;
  if (body !== undefined) {
    asked.body = JSON.stringify(body);
    asked.headers["Content-Type"] = "application/json";
  }
  try {
    return await fetch(path, asked);
  } catch {
    throw new Refused({ code: "OFFLINE", status: 0, title: t("连接不上服务器，请检查网络后再试。", "The server cannot be reached. Check the network and try again.") });
  }
}

let refreshing = null;

async function refresh() {
  // False when the hub says no. Thrown when nobody knows: whoever has no net is not signed out.
  const token = session.tokens?.refresh_token;
  if (!token) return false;
  const answer = await sent("POST", "/api/v1/sessions/refresh", { refresh_token: token });
  if (answer.status === 429 || answer.status >= 500) throw await refusal(answer);
  if (answer.ok) keep(await answer.json());
  return answer.ok;
}

async function asked(method, path, body, headers) {
  let answer = await sent(method, path, body, headers);
  if (answer.status === 401 && session.tokens) {
    refreshing ??= refresh().finally(() => (refreshing = null));
    if (await refreshing) answer = await sent(method, path, body, headers);
    else leave(true);
  }
  if (answer.ok) return answer;
  throw await refusal(answer);
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  return new Refused({ title: t("服务器没有给出可以理解的答复。", "The server gave no answer that can be understood."), status: answer.status, code: "", ...problem });
}

export async function call(method, path, body, headers) {
  const answer = await asked(method, path, body, headers);
  return answer.status === 204 ? null : answer.json();
}

export const get = (path) => call("GET", path);

export async function bytes(path) {
  return (await asked("GET", path)).blob();
}

export async function enter(tokens) {
  keep(tokens);
  session.ended = false;
  session.me = await get("/api/v1/staff/me");
}

export async function resume() {
  // After a reload: who was here still is, if the hub agrees.
  if (session.tokens) session.me = await get("/api/v1/staff/me").catch(() => null);
}

export function leave(ended = false) {
  keep(null);
  session.me = null;
  session.ended = ended;
}

export async function signOut() {
  await call("DELETE", "/api/v1/sessions/current").catch(() => null);
  leave();
}

export const may = (permission) => Boolean(session.me?.permissions.includes(permission));

export const query = (values) => {
  const wanted = Object.entries(values).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  return wanted.length ? `?${new URLSearchParams(wanted)}` : "";
};

// Does it; what was told before is gone. True when it went well; else `said.problem` is why not.
export async function tried(said, what) {
  Object.assign(said, { problem: "", told: "" });
  try {
    await what();
    return true;
  } catch (problem) {
    said.problem = problem.sentence || String(problem);
    return false;
  }
}
