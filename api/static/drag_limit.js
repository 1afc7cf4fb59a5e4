// The bar of an hour is a slider: where its offered places end is dragged by pointer or finger, or
// moved by the arrow keys, and goes into the form below. Nothing is put by that: the form still
// shows what the limit would change. Without this script the form is filled by hand.

const STEPS = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
  PageUp: 5,
  PageDown: -5,
  Home: -Infinity,
  End: Infinity,
};

function makeSlider(bar, form) {
  const { from, until, direction, label } = bar.dataset;
  const planned = Number(bar.dataset.planned);
  const before = Number(bar.dataset.offered);
  const most = bar.viewBox.baseVal.width;
  const offered = bar.querySelector(".hour-bar__offered");
  const says = document.createElement("output");
  says.className = "hour-bar__says";
  bar.after(says);
  let value = before;

  function show(wanted) {
    value = Math.min(Math.max(Math.round(wanted), 0), planned);
    offered.setAttribute("width", value);
    bar.setAttribute("aria-valuenow", value);
    says.textContent = value === before ? "" : `${before} → ${value}`;
  }

  function fill() {
    if (value === before) return;
    for (const [name, given] of Object.entries({ from, until, direction, value })) {
      form.elements[name].value = given;
    }
    form.elements.kind.value = "manager";
    if (form.elements.reason.value.trim()) form.requestSubmit();
    else form.elements.reason.focus();
  }

  const under = (event) => {
    const box = bar.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * most;
  };

  bar.setAttribute("role", "slider");
  bar.setAttribute("tabindex", "0");
  bar.setAttribute("aria-label", label);
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", planned);
  show(before);

  bar.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    bar.setPointerCapture(event.pointerId);
    show(under(event));
  });
  bar.addEventListener("pointermove", (event) => {
    if (bar.hasPointerCapture(event.pointerId)) show(under(event));
  });
  bar.addEventListener("pointerup", fill);
  // The page was scrolled by that finger after all.
  bar.addEventListener("pointercancel", () => show(before));
  bar.addEventListener("keydown", (event) => {
    if (event.key in STEPS) show(value + STEPS[event.key]);
    else if (event.key === "Escape") show(before);
    else if (event.key === "Enter") fill();
    else return;
    event.preventDefault();
  });
}

const form = document.querySelector("#limit form");
if (form) {
  document.querySelector("[data-drag-hint]").hidden = false;
  for (const bar of document.querySelectorAll(".hour-bar[data-from]")) makeSlider(bar, form);
}
