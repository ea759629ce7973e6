// What the citizen chose on this phone: elder mode, text size, language.
import { reactive, watch } from "vue";
import { keep } from "./keep.js";

const NAME = "settings";
export const SIZES = [18, 22, 26, 30]; // points, in elder mode

export const settings = reactive({ elder: false, points: 18, lang: "zh", ...(uni.getStorageSync(NAME) || {}) });

watch(settings, () => {
  keep(NAME, { ...settings });
  // #ifdef H5
  document.documentElement.lang = settings.lang === "en" ? "en" : "zh-CN";
  // #endif
});

/** Sizes in CSS pixels: 18 pt are 24 px. */
export function look() {
  const text = settings.elder ? Math.round((settings.points * 4) / 3) : 16;
  return {
    "--text": `${text}px`,
    "--small": settings.elder ? `${text}px` : "14px",
    "--large": `${Math.round(text * 1.25)}px`,
    "--huge": `${Math.round(text * 1.6)}px`,
    "--target": settings.elder ? "60px" : "46px",
  };
}
