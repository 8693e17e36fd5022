// Keeps a page of a run up to date, and a collection's estimated cost beside its form.
"use strict";

const POLL_MILLISECONDS = 1000;

function showState(page, state) {
  for (const badge of page.querySelectorAll("[data-status]")) {
    badge.textContent = state.status;
    badge.dataset.color = state.color;
  }
  for (const [name, text] of Object.entries(state.texts)) {
    for (const place of page.querySelectorAll(`[data-text="${name}"]`)) {
      place.textContent = text;
    }
  }
  for (const bar of page.querySelectorAll("[data-progress]")) {
    bar.style.width = `${state.percent}%`;
    bar.parentElement.setAttribute("aria-valuenow", state.percent);
  }
  for (const part of page.querySelectorAll("[data-while-open]")) {
    part.hidden = !state.open;
  }
  for (const part of page.querySelectorAll("[data-when-repeatable]")) {
    part.hidden = state.open || !state.repeatable;
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
    for (const whole of page.querySelectorAll(`[data-table-of="${name}"]`)) {
      whole.hidden = rows.length === 0;
    }
  }
}

async function follow(page) {
  for (;;) {
    try {
      const answer = await fetch(page.dataset.poll, { headers: { Accept: "application/json" } });
      if (answer.redirected || [403, 404].includes(answer.status)) {
        return;
      }
      if (answer.ok) {
        const state = await answer.json();
        showState(page, state);
        if (!state.open) {
          return;
        }
      }
    } catch (error) {
      // The server is away for a moment; the next round asks again.
      console.warn(error);
    }
    await new Promise((resume) => setTimeout(resume, POLL_MILLISECONDS));
  }
}

function estimate(form) {
  const aRole = Number(form.elements.per_role_limit.value || 0);
  const lines = (name) => new Set(form.elements[name].value.split("\n").map((each) => each.trim()).filter(Boolean)).size;
  // How many roles a user aims at is known to the server alone, which asks again where it is too much.
  const ofUser = form.elements.email.value.trim() !== "";
  const cost = ofUser ? aRole : lines("roles") * aRole;
  const place = form.querySelector("[data-cost]");
  const left = place.dataset.left === "" ? Infinity : Number(place.dataset.left);
  place.textContent = `${cost.toLocaleString("en")} credits at most${ofUser ? " for each role of the user" : ""}`;
  place.dataset.over = String(cost > left);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-poll]").forEach(follow);
  document.querySelectorAll("form[data-estimate]").forEach((form) => {
    form.addEventListener("input", () => estimate(form));
    estimate(form);
  });
});

// Fills the list of suggestions of an input while it is typed in; `data-suggest` is below the admin's root.
function suggest(input) {
  const list = document.createElement("datalist");
  list.id = `${input.id}-suggestions`;
  input.after(list);
  input.setAttribute("list", list.id);
  let latest = 0;
  input.addEventListener("input", async () => {
    const round = ++latest;
    const address = `/admin/${input.dataset.suggest}?q=${encodeURIComponent(input.value)}`;
    const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok || round !== latest) {
      return;
    }
    const { found } = await answer.json();
    list.replaceChildren(...found.map(({ value, label }) => new Option(label, value)));
  });
}

// Puts an input with suggestions below a field of lines; what is chosen there becomes another line.
function suggestLines(area) {
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
  suggest(input);
  const add = () => {
    const line = input.value.trim();
    const lines = area.value.split("\n").map((each) => each.trim()).filter(Boolean);
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
  document.querySelectorAll("input[data-suggest]").forEach(suggest);
  document.querySelectorAll("textarea[data-suggest-lines]").forEach(suggestLines);
});
