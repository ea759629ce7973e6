// A code on the screen: its picture and how long it lasts.
import { ref } from "vue";

/** The hub's drawing as an address of a picture. */
export function picture(svg) {
  const named = svg.includes("xmlns") ? svg : svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
  return `data:image/svg+xml;utf8,${encodeURIComponent(named)}`;
}

/** `left`: whole seconds until `at`; `then` is called once when they are over. */
export function useCountdown() {
  const left = ref(0);
  let timer = null;

  function stop() {
    clearInterval(timer);
  }

  function until(at, then = () => {}) {
    stop();
    const tick = () => {
      left.value = Math.max(0, Math.round((new Date(at).getTime() - Date.now()) / 1000));
      if (left.value === 0) {
        stop();
        then();
      }
    };
    timer = setInterval(tick, 1000);
    left.value = 1;
    tick();
  }

  return { left, until, stop };
}
