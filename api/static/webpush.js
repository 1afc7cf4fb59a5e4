// Lets this browser be told: subscribes it with the gate's key and sends the subscription as the
// form that holds the button. Where the browser cannot, the form stays hidden.

const form = document.querySelector("form[data-push-key]");

function keyOf(text) {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
}

async function subscribe() {
  const registration = await navigator.serviceWorker.register("/push_worker.js");
  await navigator.serviceWorker.ready;
  return registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: keyOf(form.dataset.pushKey),
  });
}

if (form && "serviceWorker" in navigator && "PushManager" in window) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.subscription.value) return;
    event.preventDefault();
    try {
      const found = (await subscribe()).toJSON();
      form.elements.subscription.value = JSON.stringify({ endpoint: found.endpoint, ...found.keys });
      form.submit();
    } catch {
      form.querySelector("[data-push-refused]").hidden = false;
    }
  });
}
