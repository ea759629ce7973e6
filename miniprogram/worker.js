// Keeps the citizen's pages on the phone: they open without a net. What the hub answers is never kept here. RELEASE,
// ASSETS and SHELL (the digest of `/`) stand above, written by ship.py.
const KEPT = `pages-${RELEASE}`;
const PATIENCE_MS = 3000;

const kept = async (path) => (await caches.open(KEPT)).match(path);

async function digest(answer) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await answer.arrayBuffer()));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// All of this release or nothing: while hosts change one after the other, `/` may come from a host of another one. One
// after the other, for a page may be loading; what it has fetched comes out of the browser's own cache.
async function keep() {
  const shell = await fetch("/", { cache: "no-cache" });
  if ((await digest(shell.clone())) !== SHELL) throw new Error("the shell of another release");
  const cache = await caches.open(KEPT);
  for (const path of ASSETS) await cache.add(path);
  await cache.put("/", shell);
}

async function forget() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("pages-") && name !== KEPT).map((name) => caches.delete(name)));
}

// The newest one, if it comes soon. Its assets come from where it came from; those of the kept one are kept with it.
async function shell(request) {
  const asked = fetch(request);
  try {
    const late = new Promise((_, tell) => setTimeout(tell, PATIENCE_MS));
    const answer = await Promise.race([asked, late]);
    if (answer.status < 500) return answer;
  } catch {
    // no net, or a weak one
  }
  return (await kept("/")) || asked;
}

// A new release waits until no page of the old one is open: each finds its own assets to its end.
addEventListener("install", (event) => event.waitUntil(keep()));
addEventListener("activate", (event) => event.waitUntil(Promise.all([forget(), clients.claim()])));

addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname === "/" && request.mode === "navigate") event.respondWith(shell(request));
  if (ASSETS.includes(pathname)) event.respondWith(kept(pathname).then((found) => found || fetch(request)));
});
