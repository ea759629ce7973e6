// What is kept on the phone. A full phone loses kept copies of answers, never an answer and never what was typed.
/** Whether it was kept. */
export function keep(name, value) {
  if (kept(name, value)) return true;
  for (const each of uni.getStorageInfoSync().keys) if (each.startsWith("kept:")) uni.removeStorageSync(each);
  return kept(name, value);
}

function kept(name, value) {
  try {
    uni.setStorageSync(name, value);
    return true;
  } catch {
    return false;
  }
}
