// From page to page, and within one.
import { nextTick } from "vue";

// The messages of the hub name the first two (config/messages.yaml).
const NAMED = { case: "/pages/cases/one", messages: "/pages/messages/list", "bundle-case": "/pages/bundle/case", appeal: "/pages/appeals/one" };
export const PATH = (name) => NAMED[name] || `/pages/${name}/${name}`;

function address(name, values) {
  const query = Object.entries(values).filter(([, value]) => value !== "").map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return PATH(name) + (query.length ? `?${query.join("&")}` : "");
}

export function go(name, values = {}) {
  uni.navigateTo({ url: address(name, values) });
}

/** Instead of this page: there is no way back to it. */
export function again(name, values = {}) {
  uni.redirectTo({ url: address(name, values) });
}

export function toTab(name) {
  uni.reLaunch({ url: PATH(name) });
}

/** To the first field that is marked as wrong, once it is drawn. */
export function toFault() {
  nextTick(() => uni.pageScrollTo({ selector: ".wrong", offsetTop: -80, duration: 0, fail: () => {} }));
}

export function back() {
  if (getCurrentPages().length > 1) uni.navigateBack();
  else toTab("home");
}
