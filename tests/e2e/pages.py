"""What the browser tests do more than once."""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_ANSWERED: Final = "status of 409"  # a conflict is an answer; Chromium calls it an error
PASSWORD: Final = "correct horse battery staple"
LOADING: Final = """{
    query: () => (document.readyState === "complete" ? null : document.documentElement),
    queryAll: () => (document.readyState === "complete" ? [] : [document.documentElement]),
}"""
"""A selector engine: finds the page while its scripts are not there yet."""


class Watched:
    """Collects what a page complains about."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", self._error)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and _ANSWERED not in message.text:
            self.complaints.append(message.text)

    def _error(self, error: Error) -> None:
        self.complaints.append(str(error))


def new_page(browser: Browser | BrowserContext) -> Page:
    """A page on which nothing is done or expected before its scripts are there.

    People look before they press; a program is faster than the scripts of a page it was led to.
    """
    page = browser.new_page()

    def wait() -> None:
        page.wait_for_load_state()

    page.add_locator_handler(page.locator("loading=page"), wait)
    return page


def sign_up(page: Page, name: str) -> str:
    """Make an account on the page; give the key it shows."""
    page.goto("/sign_up/")
    page.get_by_label("Account name").fill(name)
    page.get_by_label("E-mail").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up and get a key").click()
    expect(page.locator("#secret")).to_be_visible()
    return page.locator("#secret").inner_text()


def build(page: Page, end: str) -> None:
    """Press *Build* and wait for its end.

    A build may be over before anybody can look, so nothing waits for the words in between: what
    the badge says of the build before, which has ended, is taken off it first.
    """
    page.locator("#built").evaluate("badge => { badge.textContent = ''; }")
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.locator("#built")).to_contain_text(end, timeout=180_000)


def built(page: Page) -> None:
    """Wait for the end of the build that was begun before the page was opened, or is over then."""
    ended = re.compile("Built|Succeeded")
    expect(page.locator("#built")).to_contain_text(ended, timeout=180_000)


def result(page: Page) -> str:
    """What the console shows once a call has ended well."""
    expect(page.locator("[data-status]").first).to_contain_text("Done in", timeout=60_000)
    return page.locator("[data-result]").first.inner_text().strip()


def write_file(page: Page, text: str) -> None:
    """Replace the text of the open file by typing, as a person does."""
    page.locator("code-editor[ready] .cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)
