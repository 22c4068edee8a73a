"""Every page of `routes.py` under axe-core: no violation of WCAG 2.2 A and AA, and none of its good practice.

Each page and dialog is looked at once with all rules, and again with those that colours, width or
direction can change: in dark, on a phone, and from right to left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, ViewportSize, expect
from playwright.sync_api import Page as Tab

from tests.e2e import routes
from tests.e2e.looking import Audience, Showcase, audience, furnish
from tests.e2e.pages import new_page, sign_up
from tests.live import ROOT, Site, single

AXE: Final = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYTHING: Final = {"type": "tag", "values": TAGS}
COLOURS: Final = {"type": "rule", "values": ["color-contrast"]}
PLACES: Final = {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}
RUN: Final = """async only => {
    const found = await axe.run(document, {
        runOnly: only, resultTypes: ['violations'],
        rules: {'target-size': {enabled: true}},
    });
    return found.violations.map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`);
}"""
A_FEW_OPEN: Final = """() => document.querySelectorAll('.reference__entry').forEach(
    one => one.matches(':nth-of-type(n+4)') ? one.remove() : (one.open = true))"""
TOO_WIDE: Final = """() => document.documentElement.scrollWidth > innerWidth
    ? [`${document.documentElement.scrollWidth} px wide on a phone of ${innerWidth}`] : []"""
WIDE: Final[ViewportSize] = {"width": 1280, "height": 900}
PHONE: Final[ViewportSize] = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def furnished() -> Iterator[tuple[Site, Showcase]]:
    """A site of its own: what it shows would be in the way of other tests."""
    with single() as site:
        yield site, furnish(site)


@pytest.fixture(scope="module")
def people(browser: Browser, furnished: tuple[Site, Showcase]) -> Iterator[Audience]:
    site, showcase = furnished
    with audience(
        browser, site.url, showcase, {}, bypass_csp=True, reduced_motion="reduce"
    ) as all_:
        yield all_


def violations(tab: Tab) -> list[str]:
    """What is wrong with the page that is open, in each way of looking at it."""
    tab.evaluate(AXE)
    tab.evaluate(A_FEW_OPEN)
    found = _seen(tab, "light", EVERYTHING)
    tab.evaluate("document.documentElement.dir = 'rtl'")
    found += _seen(tab, "right to left", PLACES)
    tab.evaluate("document.documentElement.dir = 'ltr'")
    tab.emulate_media(color_scheme="dark")
    found += _seen(tab, "dark", COLOURS)
    tab.emulate_media(color_scheme="light")
    tab.set_viewport_size(PHONE)
    found += _seen(tab, "phone", PLACES) + tab.evaluate(TOO_WIDE)
    tab.set_viewport_size(WIDE)
    return found


def _seen(tab: Tab, how: str, rules: dict[str, Any]) -> list[str]:
    return [f"{how}: {one}" for one in tab.evaluate(RUN, rules)]


@pytest.mark.parametrize("who", [*{page.who: 0 for page in routes.PAGES}])
def test_no_page_has_a_barrier(
    people: Audience, furnished: tuple[Site, Showcase], who: str
) -> None:
    found: dict[str, list[str]] = {}
    people.tab(who).set_viewport_size(WIDE)

    for page in furnished[1].pages:
        if page.who == who:
            found[page.path] = violations(people.look(page))

    assert {path: rules for path, rules in found.items() if rules} == {}


def test_no_dialog_has_a_barrier(people: Audience, furnished: tuple[Site, Showcase]) -> None:
    editor = next(page for page in furnished[1].pages if page.path.endswith("/edit/"))
    tab = people.look(editor)
    found: dict[str, list[str]] = {}

    for name in ("New file", "Rename", "Dependencies", "Publish", "Shortcuts"):
        tab.get_by_text(name, exact=True).first.click()
        found[name] = _of_dialog(tab)

    assert {name: rules for name, rules in found.items() if rules} == {}


def _of_dialog(tab: Tab) -> list[str]:
    """What is wrong with the dialog that opens now, on each of its tabs; closes it."""
    dialog = tab.get_by_role("dialog")
    expect(dialog).to_be_visible()
    tabs = dialog.get_by_role("tab")
    found = violations(tab)
    for number in range(1, tabs.count()):
        tabs.nth(number).click()
        found += violations(tab)
    tab.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    return found


def test_the_page_that_shows_the_first_key_has_no_barrier(people: Audience) -> None:
    context = people.browser.new_context(base_url=people.url, bypass_csp=True)
    tab = new_page(context)

    sign_up(tab, "first_show")

    assert violations(tab) == []
    context.close()
