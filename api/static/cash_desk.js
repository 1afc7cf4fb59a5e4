// Adds up the notes of a drawer while they are typed, and prints a report. Without this the server
// adds up; the boxes and the button work alike.

function addUp(form) {
  const says = new Intl.NumberFormat(document.documentElement.lang, {
    style: "currency",
    currency: form.dataset.currency,
  });
  const unit = 10 ** Number(form.dataset.places);
  let total = 0;
  form.querySelectorAll("[data-value]").forEach((box) => {
    const typed = box.value.trim();
    const sum = /^[0-9]{1,6}$/.test(typed) ? Number(typed) * Number(box.dataset.value) : 0;
    total += sum;
    box.closest("tr").querySelector("[data-sum]").textContent = sum ? says.format(sum / unit) : "";
  });
  form.querySelector("[data-total]").textContent = says.format(total / unit);
}

// Enter goes on to the next note, as the key beside the digits does on a till; only the last one
// leaves the form to be sent.
function goOn(event) {
  const boxes = [...event.currentTarget.querySelectorAll("[data-value]")];
  const next = boxes[boxes.indexOf(event.target) + 1];
  if (event.key !== "Enter" || !boxes.includes(event.target)) return;
  event.preventDefault();
  if (next) next.select();
  else event.currentTarget.querySelector("[name=sure]").focus();
}

document.querySelectorAll("[data-count]").forEach((form) => {
  form.querySelectorAll("[data-scripted]").forEach((part) => {
    part.hidden = false;
  });
  form.addEventListener("input", () => addUp(form));
  form.addEventListener("keydown", goOn);
  addUp(form);
});

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => print());
});
