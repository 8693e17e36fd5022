// Updates the pages of runs, the estimated cost of a collection, and suggestions for inputs.
"use strict";

const POLL_MILLISECONDS = 1000;

function showState(page, state) {
  for (const badge of page.querySelectorAll("[data-status]")) {
    badge.textContent = state.status;
    badge.dataset.color = state.color;
  }
  for (const [name, text] of Object.entries(state.texts)) {
    for (const element of page.querySelectorAll(`[data-text="${name}"]`)) {
      element.textContent = text;
    }
  }
  for (const bar of page.querySelectorAll("[data-progress]")) {
    bar.style.width = `${state.percent}%`;
    bar.parentElement.setAttribute("aria-valuenow", state.percent);
  }
  for (const element of page.querySelectorAll("[data-while-open]")) {
    element.hidden = !state.open;
  }
  for (const element of page.querySelectorAll("[data-when-repeatable]")) {
    element.hidden = state.open || !state.repeatable;
  }
  for (const [name, rows] of Object.entries(state.tables || {})) {
    const body = page.querySelector(`[data-table="${name}"]`);
    body.replaceChildren(
      ...rows.map((cells) => {
        const row = document.createElement("tr");
        cells.forEach((cell) => {
          const column = row.insertCell();
          if (cell && typeof cell === "object") {
            const badge = document.createElement("span");
            badge.className = "staff-status";
            badge.dataset.color = cell.color;
            badge.textContent = cell.text;
            column.append(badge);
          } else {
            column.textContent = cell;
            column.className = typeof cell === "number" ? "staff-number" : "";
          }
        });
        return row;
      }),
    );
    for (const panel of page.querySelectorAll(`[data-table-of="${name}"]`)) {
      panel.hidden = rows.length === 0;
    }
  }
}

async function pollState(page) {
  for (;;) {
    try {
      const response = await fetch(page.dataset.poll, { headers: { Accept: "application/json" } });
      if (response.redirected || [403, 404].includes(response.status)) {
        return;
      }
      if (response.ok) {
        const state = await response.json();
        showState(page, state);
        if (!state.open) {
          return;
        }
      }
    } catch (error) {
      // The server may be unavailable for a moment, so try again.
      console.warn(error);
    }
    await new Promise((resume) => setTimeout(resume, POLL_MILLISECONDS));
  }
}

function splitLines(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

function updateEstimate(form) {
  const perRole = Number(form.elements.per_role_limit.value || 0);
  // Only the server knows how many target roles a user has. It asks for confirmation if the cost is too high.
  const isForUser = form.elements.email.value.trim() !== "";
  const cost = isForUser ? perRole : new Set(splitLines(form.elements.roles.value)).size * perRole;
  const output = form.querySelector("[data-cost]");
  const left = output.dataset.left === "" ? Infinity : Number(output.dataset.left);
  output.textContent = `at most ${cost.toLocaleString("en")} credits${isForUser ? " for each role of the user" : ""}`;
  output.dataset.over = String(cost > left);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-poll]").forEach(pollState);
  document.querySelectorAll("form[data-estimate]").forEach((form) => {
    form.addEventListener("input", () => updateEstimate(form));
    updateEstimate(form);
  });
});

// Fetch suggestions while the user types. `data-suggest` is a path below the admin's root.
function addSuggestions(input) {
  const list = document.createElement("datalist");
  list.id = `${input.id}-suggestions`;
  input.after(list);
  input.setAttribute("list", list.id);
  let latest = 0;
  input.addEventListener("input", async () => {
    const round = ++latest;
    const url = `/admin/${input.dataset.suggest}?q=${encodeURIComponent(input.value)}`;
    const response = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!response?.ok || round !== latest) {
      return;
    }
    const { suggestions } = await response.json();
    list.replaceChildren(...suggestions.map(({ value, label }) => new Option(label, value)));
  });
}

// Add an input with suggestions below a text area. Its value is appended to the text area as a line.
function addLineInput(area) {
  const row = document.createElement("div");
  row.className = "staff-row staff-add";
  const input = document.createElement("input");
  input.id = `${area.id}-add`;
  input.type = "text";
  input.autocomplete = "off";
  input.placeholder = area.dataset.suggestLabel;
  input.setAttribute("aria-label", area.dataset.suggestLabel);
  input.dataset.suggest = area.dataset.suggestLines;
  const button = document.createElement("input");
  button.type = "button";
  button.value = "Add";
  button.setAttribute("aria-label", area.dataset.suggestLabel);
  row.append(input, button);
  area.after(row);
  addSuggestions(input);
  const add = () => {
    const line = input.value.trim();
    const lines = splitLines(area.value);
    if (line && !lines.includes(line)) {
      area.value = [...lines, line].join("\n");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    input.value = "";
  };
  button.addEventListener("click", add);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      add();
    }
  });
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("input[data-suggest]").forEach(addSuggestions);
  document.querySelectorAll("textarea[data-suggest-lines]").forEach(addLineInput);
});
