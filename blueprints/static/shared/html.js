// What every page is written with: Vue's functions and tagged templates, which need no compiler and so no 'unsafe-eval'.
import { h, isVNode } from "/vendor/vue.js";
import htm from "/vendor/htm.js";

export { computed, createApp, nextTick, onMounted, onUnmounted, reactive, ref, shallowRef, watch } from "/vendor/vue.js";

const isSlots = (child) => child && typeof child === "object" && !Array.isArray(child) && !isVNode(child);

function element(type, props, ...children) {
  this[0] = 3; // nothing is kept between two drawings
  if (typeof type === "string") return h(type, props, children);
  if (children.length === 1 && isSlots(children[0])) return h(type, props, children[0]);
  return h(type, props, children.length ? { default: () => children } : undefined);
}

export const html = htm.bind(element);
