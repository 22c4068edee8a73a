"""A real Chromium before the real site.

Playwright's loop lives as long as its browser, and Django refuses its database to a thread in
which a loop runs, so the browser ends with its module.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.pages import ARGUMENTS, LOADING, Watched, new_page
from tests.live import Person, Site

expect.set_options(timeout=30_000)  # a machine with two processors starts builds and browsers, too


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    assert program, "The browser tests need Chromium: install it, or name it in CHROMIUM."
    with sync_playwright() as playwright:
        playwright.selectors.register("loading", LOADING)
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, live: Site) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=live.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that must not complain: no error in its console, no exception in its scripts."""
    page = new_page(context)
    watched = Watched(page)
    yield page
    assert watched.complaints == []


@pytest.fixture(scope="module")
def author(live: Site) -> Person:
    return live.person("page_author")
