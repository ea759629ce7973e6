// From page to page.
// The messages of the hub name these two (config/messages.yaml).
const NAMED = { case: "/pages/cases/one", messages: "/pages/messages/list" };
export const PATH = (name) => NAMED[name] || `/pages/${name}/${name}`;

export function go(name, values = {}) {
  const query = Object.entries(values).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  uni.navigateTo({ url: PATH(name) + (query.length ? `?${query.join("&")}` : "") });
}

export function toTab(name) {
  uni.reLaunch({ url: PATH(name) });
}

export function back() {
  if (getCurrentPages().length > 1) uni.navigateBack();
  else toTab("home");
}
