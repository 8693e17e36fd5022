// Fixes for keyboards and screen readers that Unfold's templates lack. Its icons are ligatures, which screen readers
// read as words, and some of its buttons are spans, which cannot be focused.
"use strict";

const ICON = ".material-symbols-outlined";
const FOCUSABLE = "a[href], button, input, select, textarea, label, summary, [tabindex]";
// Accessible names of elements that show only an icon.
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
  unfold_more: "Select",
  upload: "Import",
  visibility: "Show the password",
  visibility_off: "Hide the password",
};
const REGIONS = {
  "#nav-sidebar-inner": "Menu",
  "#nav-sidebar-inner nav": "Your account",
  "#changelist-filter nav": "Filters",
};

function getVisibleText(element) {
  const copy = element.cloneNode(true);
  copy.querySelectorAll(ICON).forEach((icon) => icon.remove());
  return copy.textContent.trim();
}

function getIconText(element) {
  return (element.matches(ICON) ? element : element.querySelector(ICON))?.textContent.trim() || "";
}

function nameByIcon(element) {
  const name = element.title || element.getAttribute("aria-label") || element.getAttribute("aria-labelledby");
  const icon = getIconText(element);
  if (!name && icon && !getVisibleText(element)) {
    element.setAttribute("aria-label", ICON_NAMES[icon] || icon.replaceAll("_", " "));
  }
}

function makeButton(element) {
  // Skip the empty area around a drawer. A click there closes the drawer, for which keyboards have Escape.
  const isEmpty = !getVisibleText(element) && !getIconText(element);
  if (element.matches(FOCUSABLE) || element.matches("h2, h3, td") || isEmpty) {
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

function applyToMatches(root, selector, change) {
  if (root.matches(selector)) {
    change(root);
  }
  root.querySelectorAll(selector).forEach(change);
}

function makeAccessible(root) {
  applyToMatches(root, "[x-on\\:click]", makeButton);
  applyToMatches(root, `a[href], button, [role="button"]`, nameByIcon);
  applyToMatches(root, ICON, (icon) => {
    // An icon with a role, such as a button, has an accessible name.
    if (!icon.hasAttribute("role")) {
      icon.setAttribute("aria-hidden", "true");
    }
  });
  applyToMatches(root, ".staff-scroll, .staff-text", makeScrollable);
  // Django's filter widget puts a label on an element without a role.
  applyToMatches(root, ".help-tooltip[aria-label]", (hint) => hint.setAttribute("role", "img"));
  applyToMatches(root, "a.active", (link) => link.setAttribute("aria-current", "page"));
  applyToMatches(root, "th.sorted", (header) => {
    header.setAttribute("aria-sort", header.classList.contains("ascending") ? "ascending" : "descending");
  });
}

document.addEventListener("DOMContentLoaded", () => {
  for (const [selector, name] of Object.entries(REGIONS)) {
    document.querySelectorAll(selector).forEach((region) => region.setAttribute("aria-label", name));
  }
  // Unfold 0.91 gives all scrollable regions the same name.
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
