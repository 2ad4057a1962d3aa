// Shows alerts that the hub sent to this browser. Runs when the page is closed; holds no key and keeps nothing.

self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  event.waitUntil(
    self.registration.showNotification(told.title || "Something moved", {
      body: told.text || "Open the clip to see.",
      tag: told.event,
      renotify: Boolean(told.threat),
      requireInteraction: Boolean(told.threat),
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
