// Looks again and again while a page is open: every second where a service that is switched off says so at once. An
// unchanged answer is a 304 without a body.
export function watchOver(look, everyMs = 1000) {
  let current = null; // the chain that counts: one that was stopped while it looked ends by itself

  async function chain(own) {
    await look();
    if (current === own) own.timer = setTimeout(chain, everyMs, own);
  }

  return {
    start() {
      if (current) return;
      current = {};
      chain(current);
    },
    stop() {
      if (current) clearTimeout(current.timer);
      current = null;
    },
  };
}
