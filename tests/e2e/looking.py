"""People who look at the pages of `routes.py` on a furnished site, each in a browser context."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Page as Tab

from tests.e2e import routes
from tests.e2e.pages import PASSWORD
from tests.live import Site

_SHOW: Final = "from tests.e2e.showcase import show; show()"
SETTLE_MS: Final = 30_000


@dataclass(frozen=True)
class Shown:
    """A page of the furnished site: where it is, and who looks at it."""

    label: str
    path: str
    who: str
    is_public: bool


@dataclass(frozen=True)
class Showcase:
    pages: list[Shown]
    names: dict[str, list[str]]


def furnish(site: Site) -> Showcase:
    """Fill the site with what every page may show."""
    return read(site.manage("shell", "--no-imports", "-c", _SHOW))


def read(text: str) -> Showcase:
    """What `show` printed, and the pages without a route."""
    said = json.loads(text.strip().splitlines()[-1])
    odd = [Shown(label, path, routes.VISITOR, is_public=False) for label, path in routes.ODD]
    return Showcase([Shown(**page) for page in said["pages"]] + odd, said["names"])


@dataclass
class Audience:
    """One context for each person, in one colour scheme; they sign in when they are first needed."""

    browser: Browser
    url: str
    names: dict[str, list[str]]
    options: dict[str, Any]
    states: dict[str, Any] = field(default_factory=dict)
    contexts: dict[str, BrowserContext] = field(default_factory=dict)
    tabs: dict[str, Tab] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def tab(self, who: str) -> Tab:
        if who not in self.tabs:
            context = self.browser.new_context(
                base_url=self.url, storage_state=self.states.get(who), **self.options
            )
            context.set_default_timeout(30_000)
            self.contexts[who], self.tabs[who] = context, context.new_page()
            self.tabs[who].on("pageerror", lambda error: self.errors.append(str(error)))
            if who != routes.VISITOR and who not in self.states:
                self._sign_in(who)
        return self.tabs[who]

    def _sign_in(self, who: str) -> None:
        tab = self.tabs[who]
        tab.goto("/sign_in/")
        tab.get_by_label("Account name or e-mail").fill(self.names[who][0])
        tab.get_by_label("Password").fill(PASSWORD)
        with tab.expect_navigation():
            tab.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        self.states[who] = self.contexts[who].storage_state()

    def look(self, page: Shown) -> Tab:
        """Open the page, and wait until what its scripts make is there."""
        tab = self.tab(page.who)
        answer = tab.goto(page.path, wait_until="load")
        assert answer is not None
        expected = 404 if page.label in dict(routes.ODD) else 200
        assert answer.status == expected, f"{page.path} for {page.who}: {answer.status}"
        if tab.locator("code-editor").count():
            tab.locator("code-editor[ready]").first.wait_for(timeout=SETTLE_MS)
        assert self.errors == [], f"{page.path} for {page.who}: {self.errors}"
        return tab


@contextmanager
def audience(
    browser: Browser, url: str, showcase: Showcase, states: dict[str, Any], **options: Any
) -> Iterator[Audience]:
    """An audience whose contexts end with it; `states` keeps who has signed in for the next one."""
    present = Audience(browser, url, showcase.names, options, states)
    try:
        yield present
    finally:
        for context in present.contexts.values():
            context.close()
