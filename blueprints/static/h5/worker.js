const RELEASE = "78a0a5287543acd2";
const SHELL = "76977159769a37f3462733c77d308704b0105302517706ee13ca0d3f31092daf";
const ASSETS = [
  "/assets/acting.VhzRRLgh.js",
  "/assets/ask.BGqRm5Cf.js",
  "/assets/code.BKHddoZW.js",
  "/assets/entry.e8YDd66D.js",
  "/assets/for-whom.F5ek7ho6.js",
  "/assets/guide-facts.DwH_ELR0.js",
  "/assets/index-BW8Ulep7.css",
  "/assets/index-CWutacBo.js",
  "/assets/list.C9ZhAEt8.js",
  "/assets/login.D7h9aBX8.js",
  "/assets/pages-access-access.DjbD0PpB.js",
  "/assets/pages-appeals-appeals.BXPolodQ.js",
  "/assets/pages-appeals-one.CHJj8eMm.js",
  "/assets/pages-bundle-bundle.DklAQiZP.js",
  "/assets/pages-bundle-case.CoDd8rB0.js",
  "/assets/pages-bundles-bundles.DBEC8XfI.js",
  "/assets/pages-cases-cases.CSy1_O_C.js",
  "/assets/pages-cases-one.BHrhMC5A.js",
  "/assets/pages-data-data.CP3U9KtA.js",
  "/assets/pages-form-form.lN_z98TT.js",
  "/assets/pages-health-health.B482Sof7.js",
  "/assets/pages-home-home.BUtSBkI-.js",
  "/assets/pages-licences-licences.CcJ5M2zr.js",
  "/assets/pages-login-login.Bcm-AKGg.js",
  "/assets/pages-mandates-mandates.DIWkBCm-.js",
  "/assets/pages-me-me.CZACidms.js",
  "/assets/pages-messages-list.4YfhjHLu.js",
  "/assets/pages-search-search.IhfiIBvy.js",
  "/assets/pages-service-service.CQsRElhA.js",
  "/assets/pages-settings-settings.B0vz9YH4.js",
  "/assets/paper.BVdwMSRQ.js",
  "/assets/region-entry.CXgVIy4J.js",
  "/assets/regions.sV7rGJhf.js",
  "/assets/schema.C-TucL9_.js",
  "/assets/service-rows.BsR7yXzH.js",
  "/assets/stale-note.t9GLWDC8.js",
  "/assets/state-chip.ClnLTMSE.js",
  "/assets/story.CPfac-b8.js",
  "/assets/trouble.DUN09eHT.js",
  "/assets/uni.246aa9e8.css",
  "/assets/watch.BEd_2JBG.js"
];
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
