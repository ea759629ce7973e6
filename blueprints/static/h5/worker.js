const RELEASE = "aab9697d25615123";
const SHELL = "e5da977ab7a20d6512ebb74c0517cf36b62428d9a68f239cae4e5e469e769d2b";
const ASSETS = [
  "/assets/acting.ldClGmix.js",
  "/assets/ask.CAe60eI1.js",
  "/assets/code.BfUdCzOa.js",
  "/assets/entry.DrJ2yoYl.js",
  "/assets/for-whom.OIlP276-.js",
  "/assets/guide-facts.Yv_0vIJ3.js",
  "/assets/index-BW8Ulep7.css",
  "/assets/index-lPig9070.js",
  "/assets/list.B9meOtXr.js",
  "/assets/login.BcTwcdl5.js",
  "/assets/pages-access-access.DOCYy4qF.js",
  "/assets/pages-appeals-appeals.C2KRxhkT.js",
  "/assets/pages-appeals-one.BemzJ4nQ.js",
  "/assets/pages-bundle-bundle.BsSNp3MW.js",
  "/assets/pages-bundle-case._dpFrgn3.js",
  "/assets/pages-bundles-bundles.DdnCJx6N.js",
  "/assets/pages-cases-cases.BNAVy8_d.js",
  "/assets/pages-cases-one.DU8gSP0Z.js",
  "/assets/pages-data-data.C7kaYjFW.js",
  "/assets/pages-form-form.BsDoMyfS.js",
  "/assets/pages-health-health.C5hI49-y.js",
  "/assets/pages-home-home.CgtA2LhL.js",
  "/assets/pages-licences-licences.B7Qs9byj.js",
  "/assets/pages-login-login.ptFm9_MG.js",
  "/assets/pages-mandates-mandates.DqAz0zpz.js",
  "/assets/pages-me-me.DlbaRhAQ.js",
  "/assets/pages-messages-list.DzTwjJOz.js",
  "/assets/pages-search-search.CNe_T74c.js",
  "/assets/pages-service-service.B2FYBYoT.js",
  "/assets/pages-settings-settings.CptPr7p3.js",
  "/assets/paper.BjC56NwY.js",
  "/assets/region-entry.DyqpaBuR.js",
  "/assets/regions.CRtJWabk.js",
  "/assets/schema.CqGWLvdJ.js",
  "/assets/service-rows.CjZOXq-J.js",
  "/assets/stale-note.OX-oICKU.js",
  "/assets/state-chip.aJIr2TIE.js",
  "/assets/story.CPfac-b8.js",
  "/assets/timeline.DhjoqN1A.js",
  "/assets/trouble.DJZGTDQH.js",
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
