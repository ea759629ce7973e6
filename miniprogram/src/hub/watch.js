// Looks again every second while a page is open, so that a service that is switched off says so at once. An unchanged
// answer is a 304 without a body.
const EVERY_MS = 1000;

export function watchOver(look) {
  let timer = null;
  const again = async () => {
    await look();
    if (timer !== null) timer = setTimeout(again, EVERY_MS);
  };
  return {
    start() {
      if (timer !== null) return;
      timer = 0;
      again();
    },
    stop() {
      clearTimeout(timer);
      timer = null;
    },
  };
}
