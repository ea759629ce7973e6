// Who is signed in. The tokens stay in the phone's own storage; what was kept of a person goes with them.
import { reactive } from "vue";
import { keep } from "./keep.js";

const NAME = "session";
export const session = reactive({ access: "", refresh: "", citizen: "", level: 0, ...(uni.getStorageSync(NAME) || {}) });

export function setTokens(answer) {
  session.access = answer.access_token;
  session.refresh = answer.refresh_token;
  session.citizen = answer.citizen_id;
  session.level = answer.level;
  keep(NAME, { ...session });
}

/** Sign-out on this phone: tokens, kept copies and drafts of this person. */
export function forget() {
  for (const name of uni.getStorageInfoSync().keys) {
    if (name === NAME || name.startsWith("draft:") || (name.startsWith("kept:") && !name.startsWith("kept:guest"))) {
      uni.removeStorageSync(name);
    }
  }
  Object.assign(session, { access: "", refresh: "", citizen: "", level: 0 });
}

/** Leads to the login page when nobody is signed in; the page comes back afterwards. */
export function needed() {
  if (session.access) return true;
  const pages = getCurrentPages();
  const here = pages[pages.length - 1];
  const asked = here ? `/${here.route}${query(here.options)}` : "/pages/home/home";
  uni.redirectTo({ url: `/pages/login/login?next=${encodeURIComponent(asked)}` });
  return false;
}

function query(options) {
  const pairs = Object.entries(options || {}).map(([name, value]) => `${name}=${value}`);
  return pairs.length ? `?${pairs.join("&")}` : "";
}
