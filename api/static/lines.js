// Adds and removes groups of fields that repeat, such as the goods lines of a declaration. Without
// it the same buttons post the form and the server adds or removes the group.

const ATTRIBUTES = ["id", "name", "for", "aria-describedby", "value", "list"];
const SPARE = "__n__";

function renumber(group, from, to) {
  for (const element of [group, ...group.querySelectorAll("*")]) {
    for (const attribute of ATTRIBUTES) {
      const text = element.getAttribute(attribute);
      if (text?.includes(from)) element.setAttribute(attribute, text.replaceAll(from, to));
    }
  }
}

function repeat(list) {
  const groups = list.querySelector("[data-groups]");
  const spare = list.querySelector("template");
  const name = list.dataset.repeated;
  let last = groups.children.length - 1;

  function number() {
    const all = [...groups.querySelectorAll("[data-group]")];
    all.forEach((group, place) => {
      group.querySelector("[data-number]").textContent = String(place + 1);
      group.querySelector("[data-remove]").hidden = all.length === 1;
    });
  }

  list.addEventListener("click", (event) => {
    if (event.target.closest("[data-add]")) {
      event.preventDefault();
      const group = spare.content.firstElementChild.cloneNode(true);
      last += 1;
      renumber(group, SPARE, String(last));
      groups.append(group);
      number();
      group.querySelector("input, select, textarea")?.focus();
      group.dispatchEvent(new CustomEvent("group-added", { bubbles: true }));
    }
    const remove = event.target.closest("[data-remove]");
    if (remove) {
      event.preventDefault();
      const group = remove.closest("[data-group]");
      const neighbour = group.previousElementSibling ?? group.nextElementSibling;
      group.remove();
      // The server reads the lines as a list without gaps, so the numbers close up.
      [...groups.children].forEach((each, place) => {
        const now = each.querySelector(`[name^="${name}."]`)?.name.split(".")[1];
        if (now !== undefined && now !== String(place)) {
          renumber(each, `${name}.${now}.`, `${name}.${place}.`);
          each.querySelector("[data-remove]").value = String(place);
        }
      });
      last = groups.children.length - 1;
      number();
      neighbour?.querySelector("input, select, textarea")?.focus();
    }
  });
  number();
}

document.querySelectorAll("[data-repeated]").forEach(repeat);
