// Offers codes while one is typed: <input data-lookup-url="/codes/hs"> asks that address for
// `?q=…` and reads {"items": [{"code", "says"}]}. A combobox as ARIA describes it; the field stays
// an ordinary one, and a code that is not offered may be typed all the same.

const PAUSE = 200; // milliseconds of silence before asking
let serial = 0;

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
    input.value = item.dataset.code;
    close();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function show(items) {
    list.replaceChildren(...items.map(({ code, says }, place) => {
      const item = document.createElement("li");
      const strong = document.createElement("b");
      strong.textContent = code;
      item.append(strong, ` ${says}`);
      Object.assign(item, { id: `${list.id}-${place}`, role: "option" });
      item.dataset.code = code;
      item.setAttribute("aria-selected", "false");
      return item;
    }));
    chosen = -1;
    list.hidden = items.length === 0;
    input.setAttribute("aria-expanded", String(items.length > 0));
  }

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const address = new URL(input.dataset.lookupUrl, location.href);
    address.searchParams.set("q", input.value.trim());
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
    timer = setTimeout(ask, PAUSE);
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
