// Counts down to the instant in a <time data-countdown>. The server has already written when the
// time is over; this writes how long is left. `data-now` is the server's clock at the answer, so a
// phone with a wrong clock counts right.

function timeLeft(seconds) {
  const pad = (part) => String(part).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const clock = `${pad(minutes)}:${pad(seconds % 60)}`;
  return hours ? `${hours}:${clock}` : clock;
}

function count(element) {
  const until = Date.parse(element.dateTime);
  const now = Date.parse(element.dataset.now ?? "");
  const ahead = Number.isNaN(now) ? 0 : now - Date.now();
  element.title = element.textContent.trim();

  const tick = () => {
    if (!element.isConnected) {
      clearInterval(timer);
      return;
    }
    const seconds = Math.ceil((until - Date.now() - ahead) / 1000);
    if (seconds > 0) {
      element.textContent = timeLeft(seconds);
      element.classList.toggle("countdown--short", seconds <= 60);
      return;
    }
    clearInterval(timer);
    element.textContent = element.dataset.over;
    element.classList.add("countdown--over");
    // Only a page that was still counting is loaded again, or it would load itself for ever.
    if (running && "reload" in element.dataset) location.reload();
  };
  let running = false;
  const timer = setInterval(tick, 1000);
  tick();
  running = true;
}

function countAll(within) {
  within.querySelectorAll("[data-countdown]").forEach(count);
}

countAll(document);
document.addEventListener("region-swapped", (event) => countAll(event.target));
