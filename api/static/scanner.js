// Turns the scanner's form into a booth: a hand scanner types a code and Enter, the answer appears
// in place, and the box is ready for the next code. Without it the form posts a page at a time.

import { answerSound } from "./answer_sound.js";

const SAME = 3000; // milliseconds in which the same code again is the same scan: a trigger pulled twice
const form = document.querySelector("[data-scanner]");
const box = form.elements.code;
const answer = document.querySelector("[data-answer]");
const ring = answerSound();
let last = { code: "", kind: "", at: 0, lost: false };

function kept(name, make) {
  let value = localStorage.getItem(name);
  if (!value) localStorage.setItem(name, (value = make()));
  return value;
}

// The scanner's own name, and a count that goes on over restarts: together they name one scan.
form.elements.device.value = kept("scanner.device", () => `booth-${crypto.randomUUID()}`);

function countOn() {
  const number = Number(localStorage.getItem("scanner.count") ?? 0) + 1;
  localStorage.setItem("scanner.count", String(number));
  form.elements.scan_id.value = String(number);
}

function isSecondPull(code, kind) {
  return !last.lost && code === last.code && kind === last.kind && Date.now() - last.at < SAME;
}

async function scan(event) {
  event.preventDefault();
  const code = box.value.trim();
  const kind = form.elements.kind.value;
  if (!code) return;
  box.value = "";
  if (isSecondPull(code, kind)) return;
  // What was lost on the way goes out again under its number, so it can never count twice.
  if (!(last.lost && last.code === code && last.kind === kind)) countOn();
  const mine = (last = { code, kind, at: Date.now(), lost: false });
  answer.setAttribute("aria-busy", "true");
  const body = new URLSearchParams(new FormData(form));
  body.set("code", code);
  body.set("in_place", "yes");
  try {
    const got = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    if (got.status === 401 || got.status === 403) {
      // The session has ended: the whole form goes out, and comes back as a page to sign in on
      // that carries this scan and sends it afterwards.
      box.value = code;
      form.submit();
      return;
    }
    const html = await got.text();
    if (mine === last) show(html);
  } catch {
    mine.lost = true;
    if (mine === last) lost();
  }
}

function show(html) {
  answer.innerHTML = html;
  answer.removeAttribute("aria-busy");
  form.elements.plate_seen.value = "";
  ring(answer.querySelector("[data-verdict]")?.dataset.verdict ?? "refused");
  box.parentElement.scrollIntoView({ block: "start" });
  box.focus();
}

function lost() {
  box.value = last.code;
  box.select();
  const note = document.createElement("div");
  note.className = "flash flash--stop";
  note.role = "alert";
  const says = document.createElement("p");
  says.textContent = form.dataset.saysLost;
  note.append(says);
  answer.replaceChildren(note);
  answer.removeAttribute("aria-busy");
}

// Where one stands is remembered in the address and on the device.
function remember() {
  const place = new URL(location.href);
  for (const name of ["gate", "lane", "kind"]) {
    const value = form.elements[name].value;
    place.searchParams.set(name, value);
    localStorage.setItem(`scanner.${name}`, value);
    document.querySelectorAll(`[data-place="${name}"], [data-gate-choice] [name="${name}"][type=hidden]`)
      .forEach((field) => { field.value = value; });
  }
  history.replaceState(null, "", place);
}

function recall() {
  const asked = new URLSearchParams(location.search);
  const gate = localStorage.getItem("scanner.gate");
  if (!asked.has("gate") && gate && gate !== form.elements.gate.value && isOffered(gate)) {
    const there = new URLSearchParams({ gate, lane: localStorage.getItem("scanner.lane") ?? "", kind: localStorage.getItem("scanner.kind") ?? "" });
    location.replace(`/gate?${there}`);
    return;
  }
  for (const name of ["lane", "kind"]) {
    const value = localStorage.getItem(`scanner.${name}`);
    if (asked.has(name) || !value) continue;
    const known = name === "lane"
      ? [...form.elements.lane.options].some((option) => option.value === value)
      : [...form.elements.kind].some((option) => option.value === value);
    if (known) form.elements[name].value = value;
  }
}

function isOffered(gate) {
  return Boolean(document.querySelector(`[data-gate-choice] option[value="${CSS.escape(gate)}"]`));
}

form.addEventListener("submit", scan);
form.addEventListener("change", (event) => {
  if (!["lane", "kind"].includes(event.target.name)) return;
  remember();
  box.focus();
});
document.querySelector("[data-gate-choice] select").addEventListener("change", (event) => {
  event.target.form.requestSubmit();
});
// A hand scanner types wherever the page is: its letters belong into the box.
document.addEventListener("keydown", (event) => {
  const elsewhere = event.target === document.body;
  if (elsewhere && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) box.focus();
});
recall();
if (location.pathname === "/gate") remember();
