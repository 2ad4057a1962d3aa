// Shows alerts that the hub sent to this browser, and a page that says so when the hub does not answer at all. Runs when
// the page is closed; holds no key, and keeps nothing but when the hub was last heard, which the page writes down.

const PATIENCE_MS = 8000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// Pages only: whatever a page asks for, it asks itself, and says what is wrong.
self.addEventListener("fetch", (event) => {
  if (event.request.mode !== "navigate" || new URL(event.request.url).pathname.startsWith("/api/")) return;
  event.respondWith(answered(event.request));
});

async function answered(request) {
  let timer;
  const late = new Promise((_, refuse) => {
    timer = setTimeout(refuse, PATIENCE_MS);
  });
  try {
    return await Promise.race([fetch(request), late]);
  } catch {
    return silent(await lastHeard());
  } finally {
    clearTimeout(timer);
  }
}

async function lastHeard() {
  try {
    const kept = await (await caches.open("hub")).match("/last-heard");
    const at = kept ? Number(await kept.text()) : 0;
    return at > 0 ? at : null;
  } catch {
    return null;
  }
}

function silent(at) {
  const today = at !== null && new Date(at).toDateString() === new Date().toDateString();
  const shape = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const when = new Intl.DateTimeFormat("en-GB", today ? shape : { weekday: "long", day: "numeric", month: "long", ...shape });
  const last = at === null ? "This browser does not know when it was last heard." : `Last heard ${when.format(at)}.`;
  const headers = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
  };
  return new Response(
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="10"><meta name="color-scheme" content="light dark"><title>No answer · Nightlatch</title>
<style>body{font:16px/1.55 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.2rem;
color:color-mix(in srgb,CanvasText 72%,Canvas);background:Canvas}
strong{color:CanvasText}</style></head><body><h1>Your hub does not answer</h1><p><strong>${last}</strong>
Whether it records cannot be told from here. Is this device on the home network, and is the hub switched on?</p>
<p>This page tries again every ten seconds. Clips that were sent to your mailbox can be opened with the command line.</p>
</body></html>`,
    { status: 503, headers },
  );
}

self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const silent = told.silent ? ` From ${time.format(told.silent[0])} to ${time.format(told.silent[1])}.` : "";
  event.waitUntil(
    self.registration.showNotification(told.title || "Something moved", {
      body: (told.text || "Open the clip to see.") + silent,
      tag: told.event,
      silent: Boolean(told.quiet), // an update of what lies there already, or nothing to wake anybody for
      renotify: !told.quiet && Boolean(told.verdict || told.threat || told.silent),
      requireInteraction: Boolean(told.threat || told.verdict === "help"),
      icon: "/mark.svg",
      image: told.still ? `data:image/jpeg;base64,${told.still}` : undefined,
      data: { clip: told.clip },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const clip = event.notification.data && event.notification.data.clip;
  const target = /^[0-9a-f]{16}$/.test(clip || "") ? `/clip/${clip}` : "/";
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((open) => {
      const page = open[0];
      return page ? page.focus().then(() => page.navigate(target)) : self.clients.openWindow(target);
    }),
  );
});
