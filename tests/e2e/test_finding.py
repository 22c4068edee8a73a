"""Finding by keyboard alone: filters change the list without losing the place, stars without leaving it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import new_page, sign_up
from tests.e2e.test_accessibility import violations
from tests.live import Site


@pytest.fixture(scope="module")
def full(live: Site) -> Iterator[None]:
    live.manage("seed_catalog", "--count", "60")
    yield
    live.manage("seed_catalog", "--remove")


def test_filters_are_chosen_and_taken_away_by_keyboard(page: Page, full: None) -> None:
    page.goto("/explore/")
    total = page.get_by_role("status").filter(has_text="algorithm")
    before = total.inner_text()
    free = page.get_by_role("checkbox", name="Free")

    free.focus()
    page.keyboard.press("Space")
    expect(page.locator(".chip").first).to_contain_text("Free")

    expect(page.get_by_role("checkbox", name="Free")).to_be_focused()
    assert page.url.endswith("/explore/?price=free&sort=trending")
    assert total.inner_text() != before
    page.locator(".chip").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(0)
    expect(total).to_have_text(before)
    page.go_back()
    expect(page.get_by_role("checkbox", name="Free")).to_be_checked()


def test_a_star_is_given_without_leaving_the_list_and_the_pages_have_no_barrier(
    browser: Browser, live: Site, full: None
) -> None:
    context = browser.new_context(base_url=live.url, bypass_csp=True)
    page = new_page(context)
    sign_up(page, f"s{uuid.uuid4().hex[:10]}")
    page.goto("/explore/?task=text&sort=newest")
    card = page.locator(".listing").first
    name = card.locator("h3").inner_text()
    star = card.get_by_role("button", name=f"Star {name}", exact=True)

    star.focus()
    page.keyboard.press("Enter")

    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()
    assert page.url.endswith("/explore/?task=text&sort=newest")
    owner = card.locator(".listing__by a").get_attribute("href") or ""
    found = {"explore": violations(page)}
    for path in ("/", "/categories/text/", "/stars/", owner, f"{owner}followers/"):
        page.goto(path)
        found[path] = violations(page)
    assert {path: rules for path, rules in found.items() if rules} == {}
    context.close()
