// Keeps a part of the page in step with a stream of events. The stream says only that something
// changed; what it looks like now is fetched from the server, in the reader's language. A link
// marked data-live-go in what was fetched is where the reader wanted to get: the page goes there.

const WAITS = [1000, 2000, 5000, 10000, 30000];
const GATHER = 400; // milliseconds in which several events make one fetch

const TYPING = 2000; // milliseconds until a look that came at a bad moment is tried again

function follow(region) {
  const status = region.parentElement.querySelector("[data-live-status]");
  const voice = region.parentElement.querySelector("[data-live-voice]");
  let failures = 0;
  let gathering = 0;
  let stream;

  function show(connected) {
    if (!status) return;
    status.hidden = false;
    status.dataset.connected = String(connected);
    const { saysLive, saysOffline } = status.dataset;
    status.querySelector("[data-live-word]").textContent = connected ? saysLive : saysOffline;
  }

  function isTyping() {
    const boxes = [...region.querySelectorAll("textarea, input:not([type=hidden])")];
    // A text in a refused form came with the page: it is somebody's all the same.
    return boxes.some((box) => box === document.activeElement || box.value !== box.defaultValue
      || (box.localName === "textarea" && box.value.trim())
      || Boolean(box.checked) !== Boolean(box.defaultChecked));
  }

  async function refresh() {
    gathering = 0;
    // What somebody is typing is not taken from under their hands.
    if (isTyping()) {
      gathering = setTimeout(refresh, TYPING);
      return;
    }
    try {
      const answer = await fetch(region.dataset.fragmentUrl, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(answer.statusText);
      const html = await answer.text();
      // Somebody may have begun to type while the answer was on its way.
      if (isTyping()) refreshSoon();
      else swap(html);
      show(true);
    } catch {
      show(false);
    }
  }

  function swap(html) {
    const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...region.querySelectorAll("details")].map((part) => part.open);
    region.innerHTML = html;
    region.querySelectorAll("details").forEach((part, place) => { part.open = open[place] ?? false; });
    if (focused) document.getElementById(focused)?.focus();
    const says = region.querySelector("[data-live-says]");
    if (voice && says) voice.textContent = says.textContent;
    region.dispatchEvent(new CustomEvent("region-swapped", { bubbles: true }));
    const onward = region.querySelector("[data-live-go]");
    if (onward) location.assign(onward.href);
  }

  function refreshSoon() {
    if (!gathering) gathering = setTimeout(refresh, GATHER);
  }

  function connect() {
    stream = new EventSource(region.dataset.liveUrl);
    stream.addEventListener("open", () => {
      // What happened while nobody was listening is caught up with one look.
      if (failures) refreshSoon();
      failures = 0;
      show(true);
    });
    stream.addEventListener("message", refreshSoon);
    for (const name of (region.dataset.liveEvents ?? "").split(" ").filter(Boolean)) {
      stream.addEventListener(name, refreshSoon);
    }
    stream.addEventListener("error", () => {
      show(false);
      stream.close();
      setTimeout(connect, WAITS[Math.min(failures, WAITS.length - 1)]);
      failures += 1;
    });
  }

  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) { failures = 1; connect(); } });
  connect();
}

document.querySelectorAll("[data-live-url]").forEach(follow);
