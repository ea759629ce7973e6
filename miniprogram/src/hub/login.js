// How a code for POST /sessions comes about: wx.login on WeChat, a chosen persona in the demo's browser pages.
import { post, get } from "./ask.js";
import { setTokens } from "./session.js";

/** Who can be played; none where the hub is no demo. */
export async function people() {
  // #ifdef H5
  try {
    return (await get("/demo/people")).items;
  } catch {
    return [];
  }
  // #endif
  // #ifndef H5
  return [];
  // #endif
}

async function code(resident) {
  // #ifdef MP-WEIXIN
  return new Promise((resolve, reject) => uni.login({ success: (done) => resolve(done.code), fail: reject }));
  // #endif
  // #ifndef MP-WEIXIN
  return (await post("/demo/login-codes", { resident })).code;
  // #endif
}

export async function signIn(resident) {
  setTokens(await post("/sessions", { code: await code(resident) }));
}
