"""What the keyboard does on every page, and how much script a page needs before anybody uses it."""

from __future__ import annotations

import gzip

from playwright.sync_api import Page, Response, expect

from tests.e2e.pages import sign_up

BUDGET: int = 60_000
"""Bytes of script, compressed, before a console or an editor is used."""


def test_question_mark_lists_the_shortcuts_and_escape_closes_the_list(page: Page) -> None:
    page.goto("/docs/")
    listed = page.get_by_role("dialog", name="Keyboard shortcuts")

    page.keyboard.press("?")
    expect(listed.get_by_text("Search", exact=True)).to_be_visible()
    page.keyboard.press("Escape")

    expect(listed).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search algorithms")).to_be_focused()
    page.keyboard.type("g x?")
    expect(page.get_by_role("searchbox", name="Search algorithms")).to_have_value("g x?")


def test_two_letters_go_to_a_page_until_shortcuts_are_switched_off(page: Page) -> None:
    page.goto("/docs/")
    page.keyboard.type("gx")
    expect(page.get_by_role("heading", level=1)).to_have_text("Explore")

    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_label("Single keys are shortcuts").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.type("go?")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text("Explore")
    page.get_by_role("button", name="Shortcuts").click()
    expect(page.get_by_label("Single keys are shortcuts")).not_to_be_checked()


def test_pages_stay_within_the_budget_of_scripts_until_an_editor_is_opened(page: Page) -> None:
    loaded: list[Response] = []

    def keep(response: Response) -> None:
        loaded.append(response)

    page.on("response", keep)

    for path in ("/", "/explore/", "/docs/", "/sign_in/"):
        loaded.clear()
        page.goto(path, wait_until="networkidle")
        scripts = [each for each in loaded if each.request.resource_type == "script"]
        assert sum(len(gzip.compress(each.body())) for each in scripts) < BUDGET, path
        assert not [each.url for each in scripts if "/vendor/" in each.url], path


def test_tables_on_a_phone_become_cards_that_name_their_columns(page: Page) -> None:
    sign_up(page, "stacked_rows")
    page.goto("/algorithms/new/")
    page.get_by_label("Name").fill("Stacked")
    page.get_by_role("button", name="Create and open the editor").click()
    expect(page.locator("code-editor[ready]")).to_be_visible()
    page.goto("/algorithms/stacked_rows/Stacked/secrets/")
    page.get_by_label("Variable").fill("WEATHER_KEY")
    page.get_by_label("Value", exact=True).fill("a secret value")
    page.get_by_role("button", name="Keep it").click()

    page.set_viewport_size({"width": 360, "height": 740})

    removal = page.get_by_role("row").get_by_role("button", name="Remove")
    expect(removal).to_be_visible()
    box = removal.bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 360
    expect(page.get_by_role("rowheader", name="WEATHER_KEY")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
