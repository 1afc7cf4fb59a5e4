// Shows what the gate tells this browser, and opens the page it is about when it is tapped.

self.addEventListener("push", (event) => {
  const said = event.data ? event.data.json() : {};
  event.waitUntil(
    self.registration.showNotification(said.title ?? "", {
      body: said.text ?? "",
      data: said.link ?? "/",
      icon: "/static/icons/mark.svg",
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data));
});
