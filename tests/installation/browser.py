"""Headless Chromium for tests. `make test` installs it when it runs as root on Debian."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

# Without these options Chromium contacts Google's hosts, which tests must not do.
_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
DEADLINE_MILLISECONDS = 10_000

# The types of the fixtures `log_in` and `api`.
Login = Callable[..., Page]
API = Callable[[str], Any]


# The headless shell is a separate Debian package. It opens a window with half the work of the full browser.
_HEADLESS_SHELL = "chromium-headless-shell"
_BROWSERS = (_HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return the path of Chromium."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.fail(f"Browser tests need Chromium. Install it (Debian: sudo apt-get install {_HEADLESS_SHELL}).")
    return found


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Yield a browser without a profile, which is closed at the end of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*_ARGUMENTS])
        try:
            yield browser
        finally:
            browser.close()


def keep_screenshot(page: Page, name: str) -> None:
    """Store a screenshot of the page in docs/screenshots if KEEP_SCREENSHOTS is set."""
    if os.environ.get("KEEP_SCREENSHOTS"):
        directory = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
        directory.mkdir(parents=True, exist_ok=True)
        if name.startswith("dashboard"):
            # The menu is as high as the window, so enlarge the window to the height of the page.
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": 1360, "height": height})
        page.wait_for_timeout(400)
        page.screenshot(path=directory / f"{name}.png", full_page=name.startswith("phone"))


def becomes_true(condition: Callable[[], bool]) -> bool:
    """Return whether the condition becomes true in time. An idle machine needs less than a second."""
    give_up_at = time.monotonic() + DEADLINE_MILLISECONDS / 1000
    while not (came := condition()) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return came
