// What Unfold's templates leave out for keyboards and screen readers: its icons are ligatures, which are read out as
// words, and some of its buttons are spans, which no key reaches.
"use strict";

const ICON = ".material-symbols-outlined";
const REACHABLE = "a[href], button, input, select, textarea, label, summary, [tabindex]";
// Names of what shows nothing but an icon.
const ICON_NAMES = {
  add: "Add",
  arrow_back: "Back",
  cancel: "Remove",
  close: "Close",
  computer: "Colour theme",
  dark_mode: "Colour theme",
  dock_to_right: "Show or hide the menu",
  download: "Export",
  expand_more: "More",
  light_mode: "Colour theme",
  more_horiz: "More",
  unfold_more: "Choose",
  upload: "Import",
  visibility: "Show the password",
  visibility_off: "Hide the password",
};
const REGIONS = {
  "#nav-sidebar-inner": "Menu",
  "#nav-sidebar-inner nav": "Your account",
  "#changelist-filter nav": "Filters",
};

function visibleText(element) {
  const copy = element.cloneNode(true);
  copy.querySelectorAll(ICON).forEach((icon) => icon.remove());
  return copy.textContent.trim();
}

function iconText(element) {
  return (element.matches(ICON) ? element : element.querySelector(ICON))?.textContent.trim() || "";
}

function nameByIcon(element) {
  const named = element.title || element.getAttribute("aria-label") || element.getAttribute("aria-labelledby");
  const icon = iconText(element);
  if (!named && icon && !visibleText(element)) {
    element.setAttribute("aria-label", ICON_NAMES[icon] || icon.replaceAll("_", " "));
  }
}

function makeButton(element) {
  // The area around a drawer closes it by a click; with keys Escape does.
  if (element.matches(REACHABLE) || element.matches("h2, h3, td") || (!visibleText(element) && !iconText(element))) {
    return;
  }
  element.setAttribute("role", "button");
  element.tabIndex = 0;
  element.addEventListener("keydown", (event) => {
    if (["Enter", " "].includes(event.key) && event.target === element) {
      event.preventDefault();
      element.click();
    }
  });
}

function makeScrollable(element) {
  const section = element.closest("section, .staff-panel");
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", (section?.querySelector("h2") || document.querySelector("h1"))?.textContent.trim() || "Table");
}

function each(root, selector, change) {
  if (root.matches(selector)) {
    change(root);
  }
  root.querySelectorAll(selector).forEach(change);
}

function makeAccessible(root) {
  each(root, "[x-on\\:click]", makeButton);
  each(root, `a[href], button, [role="button"]`, nameByIcon);
  each(root, ICON, (icon) => {
    // A button that is an icon is named itself.
    if (!icon.hasAttribute("role")) {
      icon.setAttribute("aria-hidden", "true");
    }
  });
  each(root, ".staff-scroll, .staff-text", makeScrollable);
  // Django's filters of two lists: a label on what has no role.
  each(root, ".help-tooltip[aria-label]", (hint) => hint.setAttribute("role", "img"));
  each(root, "a.active", (link) => link.setAttribute("aria-current", "page"));
  each(root, "th.sorted", (header) => {
    header.setAttribute("aria-sort", header.classList.contains("ascending") ? "ascending" : "descending");
  });
}

document.addEventListener("DOMContentLoaded", () => {
  for (const [selector, name] of Object.entries(REGIONS)) {
    document.querySelectorAll(selector).forEach((region) => region.setAttribute("aria-label", name));
  }
  // Unfold 0.91 wraps what scrolls in regions of one name.
  document.querySelectorAll("[data-simplebar]").forEach((area) => {
    const name = { "nav-sidebar-apps": "Menu entries" }[area.id] || (area.closest("#changelist-filter") ? "Filters" : "List");
    area.dataset.simplebarAriaLabel = name;
  });
  makeAccessible(document.body);
  new MutationObserver((changes) => {
    for (const change of changes) {
      change.addedNodes.forEach((node) => node instanceof Element && makeAccessible(node));
    }
  }).observe(document.body, { childList: true, subtree: true });
});
