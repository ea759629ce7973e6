// A code on the screen: its picture and how long it lasts.
import { ref } from "vue";
import { now } from "./clock.js";

const SOONEST_S = 5; // a clock that is off for whatever reason must not make a storm of questions

/** The hub's drawing as an address of a picture. */
export function picture(svg) {
  const named = svg.includes("xmlns") ? svg : svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
  return `data:image/svg+xml;utf8,${encodeURIComponent(named)}`;
}

/** `left`: whole seconds until `at`; `then` is called once when they are over, never within SOONEST_S. */
export function useCountdown() {
  const left = ref(0);
  let timer = null;

  function stop() {
    clearInterval(timer);
  }

  function until(at, then = null) {
    stop();
    const ends = Math.max(Date.parse(at), then ? now() + SOONEST_S * 1000 : 0);
    const tick = () => {
      left.value = Math.max(0, Math.floor((ends - now()) / 1000)); // rather ended a moment early than shown too long
      if (left.value > 0) return;
      stop();
      if (then) then();
    };
    timer = setInterval(tick, 1000);
    tick();
  }

  return { left, until, stop };
}
