// How a code for POST /sessions and a proved face come about: WeChat's own on WeChat, a chosen persona's in the demo's browser pages.
import { post, get } from "./ask.js";
import { setTokens } from "./session.js";
// #ifdef MP-WEIXIN
import { Refusal } from "./ask.js";
import { t } from "../words/index.js";
// #endif

/** Who can be played; none where the hub is no demo. */
export async function people() {
  // #ifdef H5
  try {
    return (await get("/demo/people")).items;
  } catch (refused) {
    if (refused.status !== 404) throw refused;
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

/** A face is shown to WeChat (level 3). What came of it the hub asks WeChat's server; the phone's word counts for nothing. */
export async function showFace() {
  const { verify_id: verifyId } = await post("/me/face/checks");
  // #ifdef MP-WEIXIN
  await new Promise((resolve, reject) => wx.requestFacialVerify({ verifyId, success: resolve, fail: () => reject(new Refusal(0, { title: t("faceFailed") })) }));
  // #endif
  // #ifndef MP-WEIXIN
  await post("/demo/faces", { verify_id: verifyId });
  // #endif
  setTokens(await post("/me/face", { verify_id: verifyId }));
}
