// Sends a form once, however often the button is pressed, and says so when the answer takes long.
// A form with `data-slow-says` shows that sentence after two seconds of waiting.

const LONG = 2000;

function send(event) {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  // Not `disabled`: a disabled button would not send its own name and value.
  form.querySelectorAll("button[type=submit]").forEach((button) => {
    button.setAttribute("aria-disabled", "true");
  });
  if (form.dataset.slowSays) setTimeout(() => showProgress(form), LONG);
}

function showProgress(form) {
  if (!form.dataset.sent || form.querySelector("[data-progress]")) return;
  const note = document.createElement("p");
  note.className = "slow";
  note.role = "status";
  note.dataset.progress = "";
  note.append(document.createElement("progress"), ` ${form.dataset.slowSays}`);
  form.append(note);
}

function release() {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelector("[data-progress]")?.remove();
    form.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
  });
}

document.addEventListener("submit", send);
// A page taken from the back-forward memory comes with its forms as they were left.
addEventListener("pageshow", release);
