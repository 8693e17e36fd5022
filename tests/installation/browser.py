"""Headless Chromium for tests; `make test` installs it on Debian, as root."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

# Without these it looks for its maker's hosts, which tests must not.
_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
DEADLINE_MILLISECONDS = 10_000

# What the fixtures `log_in` and `api` are.
Login = Callable[..., Page]
API = Callable[[str], Any]


# Its headless shell, which Debian packs apart, opens a window with half the work of the whole browser.
_HEADLESS_SHELL = "chromium-headless-shell"
_BROWSERS = (_HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return the path of Chromium."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.fail(f"browser tests need Chromium; install it first, on Debian: sudo apt-get install {_HEADLESS_SHELL}")
    return found


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser with no profile, ended with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*_ARGUMENTS])
        try:
            yield browser
        finally:
            browser.close()


def keep_screenshot(page: Page, name: str) -> None:
    """Store what the page looks like under docs/screenshots, when KEEP_SCREENSHOTS asks for it."""
    if os.environ.get("KEEP_SCREENSHOTS"):
        directory = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
        directory.mkdir(parents=True, exist_ok=True)
        if name.startswith("dashboard"):
            # The menu is as high as the window.
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": 1360, "height": height})
        page.wait_for_timeout(400)
        page.screenshot(path=directory / f"{name}.png", full_page=name.startswith("phone"))


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does before long: within a second on a machine that has nothing else to do."""
    give_up_at = time.monotonic() + DEADLINE_MILLISECONDS / 1000
    while not (came := condition()) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return came
