const RELEASE = "45eb317382d9da94";
const SHELL = "f9efa99170a63273ff0a50298a2e6296e8c0315a2a3fb6b47a0c977c11033138";
const ASSETS = [
  "/assets/acting.FYibEUG1.js",
  "/assets/ask.BBAQswcE.js",
  "/assets/code.C44ZT-ZQ.js",
  "/assets/entry.BqsgfZOX.js",
  "/assets/for-whom.D8KpJQlW.js",
  "/assets/guide-facts.TNCrx4nG.js",
  "/assets/index-DAahLgKW.css",
  "/assets/index-sMvFe7z8.js",
  "/assets/list.CiJKRqyQ.js",
  "/assets/login.D8IetjX8.js",
  "/assets/pages-access-access.DzSnrXPZ.js",
  "/assets/pages-appeals-appeals.uK0fEoCw.js",
  "/assets/pages-appeals-one.BPCyVtdU.js",
  "/assets/pages-bundle-bundle.BF_1LYF4.js",
  "/assets/pages-bundle-case.Dw0qGeRN.js",
  "/assets/pages-bundles-bundles.DRn4zOEo.js",
  "/assets/pages-cases-cases.DjpYUyAm.js",
  "/assets/pages-cases-one.C-cynXtK.js",
  "/assets/pages-data-data.DSJjYGME.js",
  "/assets/pages-form-form.Detm8EQl.js",
  "/assets/pages-health-health.B8mlIkvf.js",
  "/assets/pages-home-home.DV_g80Vz.js",
  "/assets/pages-licences-licences.Cu7mBk9y.js",
  "/assets/pages-login-login.BwsJf_Uy.js",
  "/assets/pages-mandates-mandates.f2Nh2oS9.js",
  "/assets/pages-me-me.CJKxSGO2.js",
  "/assets/pages-messages-list.Cm18dNsr.js",
  "/assets/pages-search-search.sZINw6i3.js",
  "/assets/pages-service-service.BAoc03bf.js",
  "/assets/pages-settings-settings.DjqqRLWr.js",
  "/assets/paper.CWg29tP9.js",
  "/assets/region-entry.BNKOuWkP.js",
  "/assets/regions.BvPeY96M.js",
  "/assets/schema.0WD50Ca0.js",
  "/assets/service-rows.DhMjwKxQ.js",
  "/assets/stale-note.gzHmbm1y.js",
  "/assets/state-chip.9J_HMZX-.js",
  "/assets/story.CPfac-b8.js",
  "/assets/trouble.gewxMLl1.js",
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
