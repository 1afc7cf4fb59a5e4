// Offers codes while one is typed: <input data-lookup-url="/codes/hs"> asks that address for
// `?q=…` and reads {"items": [{"code", "says", "above", "why", "handling"}]}. A combobox as ARIA
// describes it; the field stays an ordinary one, and a code that is not offered may be typed all the
// same. With `data-described-by="description"` the field of that name in the same group is filled
// when a code is picked while it is empty, and an empty field offers, when it is entered, what
// `data-proposals-url` answers for that description. `data-handling-says` with `{kind}` is said of
// goods whose box is not ticked, with a button to tick it.

const PAUSE = 200; // milliseconds of silence before asking
const LONGEST = 200; // characters of a question
let serial = 0;

function described(input) {
  const field = input.dataset.describedBy;
  return field ? document.getElementsByName(input.name.replace(/[^.]+$/, field))[0] : undefined;
}

function suggest(input, handling) {
  const box = input.closest(".field");
  box.querySelector("[data-suggested]")?.remove();
  for (const { kind, says } of input.dataset.handlingSays ? (handling ?? []) : []) {
    const tick = document.querySelector(`input[name="handling"][value="${kind}"]`);
    if (!tick || tick.checked) continue;
    const note = document.createElement("p");
    note.className = "hint";
    note.role = "status";
    note.dataset.suggested = "";
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button", textContent: input.dataset.tickSays });
    button.addEventListener("click", () => {
      tick.checked = true;
      note.remove();
      input.focus();
    });
    note.append(input.dataset.handlingSays.replace("{kind}", says), " ", button);
    box.append(note);
  }
}

function offer(input) {
  const list = document.createElement("ul");
  list.id = `offers-${(serial += 1)}`;
  list.className = "offers";
  list.role = "listbox";
  list.hidden = true;
  list.ariaLabel = input.labels[0]?.textContent.trim() ?? "";
  input.parentElement.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
  })) input.setAttribute(name, value);
  let chosen = -1;
  let offered = [];
  let asking;
  let timer;

  function close() {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    const offers = [...list.children];
    if (!offers.length) return;
    chosen = (place + offers.length) % offers.length;
    offers.forEach((item, at) => item.setAttribute("aria-selected", String(at === chosen)));
    offers[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", offers[chosen].id);
  }

  function take(item) {
    const { code, says, handling } = offered[Number(item.dataset.place)];
    input.value = code;
    close();
    const description = described(input);
    if (description && !description.value.trim()) description.value = says;
    suggest(input, handling);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function show(items) {
    offered = items;
    list.replaceChildren(...items.map(({ code, says, above = [], why = [] }, place) => {
      const item = document.createElement("li");
      const strong = document.createElement("b");
      strong.textContent = code;
      const small = document.createElement("small");
      small.textContent = [above.join(" › "), ...why].filter(Boolean).join(" · ");
      item.append(strong, ` ${says}`, small);
      Object.assign(item, { id: `${list.id}-${place}`, role: "option" });
      item.dataset.place = place;
      item.setAttribute("aria-selected", "false");
      return item;
    }));
    chosen = -1;
    list.hidden = items.length === 0;
    input.setAttribute("aria-expanded", String(items.length > 0));
  }

  async function ask(url, question) {
    asking?.abort();
    asking = new AbortController();
    const address = new URL(url, location.href);
    address.searchParams.set("q", question);
    try {
      const answer = await fetch(address, { signal: asking.signal, credentials: "same-origin" });
      const items = answer.ok ? (await answer.json()).items : [];
      if (document.activeElement === input) show(items);
    } catch {
      close(); // No line: the field works as an ordinary one.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim().length < 2) return close();
    timer = setTimeout(() => ask(input.dataset.lookupUrl, input.value.trim()), PAUSE);
  });
  input.addEventListener("focus", () => {
    const description = described(input)?.value.trim();
    if (input.dataset.proposalsUrl && description && !input.value.trim()) {
      ask(input.dataset.proposalsUrl, description.slice(0, LONGEST));
    }
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Enter" && chosen >= 0) take(list.children[chosen]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // The field keeps the focus.
    const item = event.target.closest("li");
    if (item) take(item);
  });
  input.addEventListener("blur", close);
}

function offerAll(within) {
  within.querySelectorAll("[data-lookup-url]:not([role=combobox])").forEach(offer);
}

offerAll(document);
document.addEventListener("group-added", (event) => offerAll(event.target));
