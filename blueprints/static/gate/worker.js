// Keeps the gate's page on the phone: it opens without a net. What the hub answers is never kept here.
const KEPT = "gate";
const FILES = [
  "/gate", "/gate/app.js", "/gate/kept.js", "/gate/shift.js", "/gate/scanning.js", "/gate/camera.js", "/gate/offline.js", "/gate/cbor.js", "/gate/result.js",
  "/gate/gate.css", "/gate/gate.webmanifest", "/gate/icon-192.png",
  "/shared/html.js", "/shared/words.js", "/shared/api.js", "/shared/login.js", "/shared/frame.js", "/shared/page.css", "/shared/icon.svg",
  "/vendor/vue.js", "/vendor/htm.js", "/vendor/qr.js",
];

// All of them, or the old ones stay: half an update must not break the gate.
async function renew() {
  const fresh = await Promise.all(FILES.map((path) => fetch(path, { cache: "no-cache" })));
  if (!fresh.every((answer) => answer.ok)) throw new Error("not all files came");
  const kept = await caches.open(KEPT);
  await Promise.all(fresh.map((answer, index) => kept.put(FILES[index], answer)));
}

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(renew());
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin || !FILES.includes(pathname)) return;
  event.respondWith(caches.match(pathname).then((kept) => kept || fetch(event.request)));
  if (event.request.mode === "navigate") event.waitUntil(renew().catch(() => null));
});
