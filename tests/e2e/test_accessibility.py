"""axe-core on the main pages, in light and dark: no violation of WCAG 2.2 A and AA."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import sign_up
from tests.live import ROOT, Site

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PUBLIC = ["/", "/explore/?q=nothing+like+this", "/docs/", "/sign_up/", "/sign_in/", "/no/such/page"]
PRIVATE = ["/dashboard/", "/keys/", "/collections/", "/algorithms/new/", "/profile/"]


def violations(page: Page) -> list[str]:
    """What axe finds, as `rule: the first element`."""
    page.add_script_tag(path=AXE)
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, { runOnly: { type: 'tag', values: rules } })", RULES
    )
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_pages_of_visitors_have_no_barrier(browser: Browser, live: Site, colours: Any) -> None:
    context = browser.new_context(base_url=live.url, color_scheme=colours, bypass_csp=True)
    page = context.new_page()
    found: dict[str, list[str]] = {}

    for path in PUBLIC:
        page.goto(path)
        found[path] = violations(page)

    assert {path: rules for path, rules in found.items() if rules} == {}
    context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_pages_of_people_and_the_editor_have_no_barrier(
    browser: Browser, live: Site, colours: Any
) -> None:
    context = browser.new_context(base_url=live.url, color_scheme=colours, bypass_csp=True)
    page = context.new_page()
    name = f"b{uuid.uuid4().hex[:10]}"
    sign_up(page, name)
    found = {"welcome": violations(page)}

    for path in PRIVATE:
        page.goto(path)
        found[path] = violations(page)
    page.goto("/algorithms/new/")
    page.get_by_label("Name").fill("Barrier")
    page.get_by_role("button", name="Create and open the editor").click()
    expect(page.locator("code-editor[ready]")).to_be_visible()
    for tab in ("edit/", "settings/", "builds/", "publish/", ""):
        page.goto(f"/algorithms/{name}/Barrier/{tab}")
        page.wait_for_load_state("networkidle")
        found[tab] = violations(page)

    assert {path: rules for path, rules in found.items() if rules} == {}
    context.close()
