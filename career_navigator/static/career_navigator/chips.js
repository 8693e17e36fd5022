// Turns text areas that hold one item per line into chips. Without it they stay text areas, which are what is sent.
"use strict";

// As `split_items` and `quote_item` of the server do.
function splitItems(text, separators) {
  const lines = text.split(/\r?\n/);
  if (!separators) {
    return lines.map((line) => line.trim()).filter(Boolean);
  }
  const item = new RegExp(`\\s*(?:"((?:[^"]|"")*)"\\s*(?=[${separators}]|$)|([^${separators}]*))(?:[${separators}]|$)`, "g");
  return lines
    .flatMap((line) => [...line.matchAll(item)])
    .map(([, quoted, plain]) => (quoted === undefined ? plain : quoted.replaceAll('""', '"')).trim())
    .filter(Boolean);
}

function quoteItem(item, separators) {
  const isPlain = !separators || !(item.startsWith('"') || [...separators].some((mark) => item.includes(mark)));
  return isPlain ? item : `"${item.replaceAll('"', '""')}"`;
}

function setUpChips(area) {
  const separators = area.dataset.chips;
  const labels = new Map(Object.entries(JSON.parse(area.dataset.labels || "{}")));
  const label = document.querySelector(`label[for="${area.id}"]`);
  const name = label ? label.firstChild.textContent.trim() : area.name;
  const items = splitItems(area.value, separators);
  const isRequired = area.required;
  // Where the item that is being changed stood.
  let place = null;

  const box = document.createElement("div");
  box.className = "staff-chips";
  const list = document.createElement("ul");
  list.setAttribute("aria-label", `${name}: chosen`);
  const input = document.createElement("input");
  input.type = "text";
  input.id = `${area.id}_new`;
  input.autocomplete = "off";
  input.placeholder = separators ? "Type and press Enter or a comma" : "Type and press Enter";
  const said = document.createElement("span");
  said.className = "staff-unseen";
  said.setAttribute("role", "status");
  box.append(list, input, said);
  for (const attribute of ["aria-describedby", "aria-invalid"]) {
    if (area.hasAttribute(attribute)) {
      input.setAttribute(attribute, area.getAttribute(attribute));
    }
  }
  if (label) {
    label.htmlFor = input.id;
  } else {
    input.setAttribute("aria-label", name);
  }

  function show(item) {
    return labels.get(item) || item;
  }

  function button(text, purpose, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", purpose);
    made.addEventListener("click", act);
    return made;
  }

  function render() {
    list.replaceChildren(
      ...items.map((item, index) => {
        const chip = document.createElement("li");
        chip.append(
          button(show(item), `Change ${show(item)}`, () => change(index)),
          button("×", `Remove ${show(item)}`, () => remove(index)),
        );
        return chip;
      }),
    );
    list.hidden = items.length === 0;
    input.required = isRequired && items.length === 0;
  }

  function store() {
    area.value = items.map((item) => quoteItem(item, separators)).join("\n");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.dispatchEvent(new Event("change", { bubbles: true }));
    render();
  }

  function has(item, among = items) {
    return among.some((each) => each.toLowerCase() === item.toLowerCase());
  }

  function add(text) {
    for (const item of splitItems(text, separators)) {
      if (has(item)) {
        said.textContent = `${show(item)} is there already.`;
        continue;
      }
      items.splice(place ?? items.length, 0, item);
      place = place === null ? null : place + 1;
      said.textContent = `${show(item)} added.`;
      resolve(item);
    }
    place = null;
    input.value = "";
    store();
  }

  function remove(index) {
    const [item] = items.splice(index, 1);
    said.textContent = `${show(item)} removed.`;
    store();
    input.focus();
  }

  function change(index) {
    take();
    const [item] = items.splice(index, 1);
    place = index;
    input.value = separators ? quoteItem(item, separators) : item;
    store();
    input.focus();
  }

  function take() {
    if (input.value.trim()) {
      add(input.value);
    }
  }

  // What the server knows under another name is shown, and sent, under its own.
  async function resolve(item) {
    if (!area.dataset.suggestions) {
      return;
    }
    const address = `/admin/${area.dataset.suggestions}?q=${encodeURIComponent(item)}`;
    const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
    const { meant } = answer?.ok ? await answer.json() : {};
    const index = items.indexOf(item);
    if (!meant || index < 0) {
      return;
    }
    labels.set(meant.value, meant.label);
    // What was typed may be the name itself in other capitals, so it is no second one.
    if (has(meant.value, items.filter((_, at) => at !== index))) {
      items.splice(index, 1);
    } else {
      items[index] = meant.value;
    }
    said.textContent = `${meant.label} added.`;
    store();
  }

  input.addEventListener("keydown", (event) => {
    const parts = event.key.length === 1 && separators.includes(event.key) && !input.value.trim().startsWith('"');
    if ((event.key === "Enter" || parts) && input.value.trim()) {
      event.preventDefault();
      add(input.value);
    } else if (event.key === "Backspace" && !input.value && items.length) {
      event.preventDefault();
      remove(items.length - 1);
    }
  });
  input.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text");
    if (!input.value && splitItems(text, separators).length > 1) {
      event.preventDefault();
      add(text);
    }
  });
  // A suggestion that is chosen needs no Enter.
  input.addEventListener("input", (event) => {
    const isTyped = event instanceof InputEvent && event.inputType !== "insertReplacementText";
    if (!isTyped && [...(input.list?.options || [])].some((option) => option.value === input.value)) {
      add(quoteItem(input.value, separators));
    }
  });
  // Nothing that was typed is lost.
  input.addEventListener("blur", take);
  area.form.addEventListener("submit", take, { capture: true });

  area.hidden = true;
  area.required = false;
  area.after(box);
  if (area.dataset.suggestions) {
    input.dataset.suggest = area.dataset.suggestions;
  }
  render();
}

// Before `staff.js` looks for inputs with suggestions, which the new ones are.
document.querySelectorAll("textarea[data-chips]").forEach(setUpChips);
