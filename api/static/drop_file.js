/* A file is dropped where it is chosen, its way to the gate is shown, and one tick stands for all.
   Without this script the form does the same, without the bar. */

const drop = document.querySelector("[data-drop]");
if (drop) {
  const input = drop.querySelector("input[type=file]");
  const bar = drop.querySelector("progress");
  const form = drop.closest("form");
  const over = (is) => (event) => {
    event.preventDefault();
    drop.classList.toggle("drop--over", is);
  };
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = "yes";
    const sending = new XMLHttpRequest();
    sending.open("POST", form.action);
    sending.upload.addEventListener("progress", (sent) => {
      bar.hidden = false;
      if (sent.lengthComputable) bar.value = (100 * sent.loaded) / sent.total;
    });
    sending.addEventListener("load", () => {
      if (sending.status < 300) return location.assign(sending.responseURL);
      document.open();
      document.write(sending.responseText);
      document.close();
    });
    sending.addEventListener("error", () => form.submit());
    sending.send(new FormData(form));
  });
}

for (const all of document.querySelectorAll("[data-all]")) {
  const boxes = [...document.querySelectorAll(`input[name="${all.dataset.all}"]`)];
  const settle = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
  boxes.forEach((box) => box.addEventListener("change", settle));
}
