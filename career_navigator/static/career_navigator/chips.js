// Turns text areas with one item per line into chips. The text areas remain in the form and are still submitted, so the
// form also works without this script.
"use strict";

// The same rules as the server's `split_items` and `quote_item`.
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
  // Index of the item that is being changed, at which the new text is inserted.
  let insertAt = null;

  const box = document.createElement("div");
  box.className = "staff-chips";
  const list = document.createElement("ul");
  list.setAttribute("aria-label", `${name}: selected`);
  const input = document.createElement("input");
  input.type = "text";
  input.id = `${area.id}_new`;
  input.autocomplete = "off";
  input.placeholder = separators ? "Type and press Enter or a comma" : "Type and press Enter";
  const status = document.createElement("span");
  status.className = "staff-unseen";
  status.setAttribute("role", "status");
  box.append(list, input, status);
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

  function getLabel(item) {
    return labels.get(item) || item;
  }

  function createButton(text, label, onClick) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", onClick);
    return button;
  }

  function render() {
    list.replaceChildren(
      ...items.map((item, index) => {
        const chip = document.createElement("li");
        chip.append(
          createButton(getLabel(item), `Change ${getLabel(item)}`, () => change(index)),
          createButton("×", `Remove ${getLabel(item)}`, () => remove(index)),
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

  function includesItem(item, list = items) {
    return list.some((other) => other.toLowerCase() === item.toLowerCase());
  }

  function add(text) {
    for (const item of splitItems(text, separators)) {
      if (includesItem(item)) {
        status.textContent = `${getLabel(item)} is already in the list.`;
        continue;
      }
      items.splice(insertAt ?? items.length, 0, item);
      insertAt = insertAt === null ? null : insertAt + 1;
      status.textContent = `${getLabel(item)} added.`;
      resolve(item);
    }
    insertAt = null;
    input.value = "";
    store();
  }

  function remove(index) {
    const [item] = items.splice(index, 1);
    status.textContent = `${getLabel(item)} removed.`;
    store();
    input.focus();
  }

  function change(index) {
    addTyped();
    const [item] = items.splice(index, 1);
    insertAt = index;
    input.value = separators ? quoteItem(item, separators) : item;
    store();
    input.focus();
  }

  function addTyped() {
    if (input.value.trim()) {
      add(input.value);
    }
  }

  // Replace an item by its canonical name if the server knows it as a synonym.
  async function resolve(item) {
    if (!area.dataset.suggestions) {
      return;
    }
    const url = `/admin/${area.dataset.suggestions}?q=${encodeURIComponent(item)}`;
    const response = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
    const { exact_match: match } = response?.ok ? await response.json() : {};
    const index = items.indexOf(item);
    if (!match || index < 0) {
      return;
    }
    labels.set(match.value, match.label);
    // Compare with the other items only, since the item can be its own canonical name in different case.
    if (includesItem(match.value, items.filter((_, other) => other !== index))) {
      items.splice(index, 1);
    } else {
      items[index] = match.value;
    }
    status.textContent = `${match.label} added.`;
    store();
  }

  input.addEventListener("keydown", (event) => {
    const isSeparator = event.key.length === 1 && separators.includes(event.key) && !input.value.trim().startsWith('"');
    if ((event.key === "Enter" || isSeparator) && input.value.trim()) {
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
  // Selecting a suggestion adds it without pressing Enter.
  input.addEventListener("input", (event) => {
    const isTyped = event instanceof InputEvent && event.inputType !== "insertReplacementText";
    if (!isTyped && [...(input.list?.options || [])].some((option) => option.value === input.value)) {
      add(quoteItem(input.value, separators));
    }
  });
  // Add text that was typed but not confirmed by Enter.
  input.addEventListener("blur", addTyped);
  area.form.addEventListener("submit", addTyped, { capture: true });

  area.hidden = true;
  area.required = false;
  area.after(box);
  if (area.dataset.suggestions) {
    input.dataset.suggest = area.dataset.suggestions;
  }
  render();
}

// This must run before `staff.js` looks for inputs with suggestions, to include the new inputs.
document.querySelectorAll("textarea[data-chips]").forEach(setUpChips);
