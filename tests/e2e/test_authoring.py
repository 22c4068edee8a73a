"""An author goes from nothing to a public algorithm without leaving the browser."""

from __future__ import annotations

import re
import uuid

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import result, sign_up, write_file
from tests.live import Site

CODE = """def apply(input):
    print("counting")
    return {"words": len(input.split())}
"""


def new_algorithm(page: Page) -> str:
    """Sign up and make an algorithm on the page; give its path."""
    owner, name = f"a{uuid.uuid4().hex[:10]}", "CountWords"
    sign_up(page, owner)
    page.goto("/algorithms/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create and open the editor").click()
    expect(page).to_have_url(re.compile(f"/algorithms/{owner}/{name}/edit/"))
    expect(page.locator("#saved")).to_contain_text("Saved")
    return f"{owner}/{name}"


def build(page: Page) -> None:
    page.get_by_role("button", name="Build").click()
    expect(page.locator("#built")).to_contain_text("Built", timeout=120_000)


def test_from_a_name_to_a_public_page_that_strangers_can_call(
    page: Page, browser: Browser, live: Site
) -> None:
    path = new_algorithm(page)

    expect(page.locator("editor-tabs")).to_contain_text("CountWords.py")
    write_file(page, CODE)
    expect(page.locator("#saved")).to_contain_text("1 unsaved")
    page.keyboard.press("ControlOrMeta+s")
    expect(page.locator("#saved")).to_contain_text("Saved")
    page.get_by_role("button", name="Build").click()
    expect(page.locator("#log")).to_contain_text("Beginning container customization")
    expect(page.locator("#built")).to_contain_text("Built", timeout=120_000)
    page.locator("#console-input").fill('"one two three"')
    page.locator("#console-input").press("ControlOrMeta+Enter")
    assert "words 3" in result(page)
    expect(page.locator("[data-stdout] pre")).to_have_text("counting\n", use_inner_text=False)
    page.get_by_role("link", name="Publish").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("becomes a version")
    dialog.get_by_label("Sample input").fill('"how many words"')
    dialog.get_by_label("Public: anybody with a key").check()
    dialog.get_by_role("button", name="Publish").click()
    expect(page).to_have_url(re.compile(f"/algorithms/{path}/$"), timeout=60_000)

    visitor = browser.new_context(base_url=live.url).new_page()
    visitor.goto(f"/algorithms/{path}/")
    expect(visitor.locator("[data-result]")).to_contain_text("words 3")
    visitor.get_by_role("textbox", name="Input").fill('"a b"')
    visitor.get_by_role("button", name="Run").click()
    assert "words 2" in result(visitor)
    assert httpx.get(f"{live.url}/explore/?q=count+words").text.count(path.split("/")[0]) > 0
    visitor.context.close()


def test_an_error_in_the_log_leads_to_the_line(page: Page) -> None:
    new_algorithm(page)
    write_file(page, "import json\n\nthis is not python\n")

    page.get_by_role("button", name="Build").click()
    expect(page.locator("#built")).to_contain_text("Build failed", timeout=120_000)
    page.locator("#log .place").last.click()

    expect(page.locator(".cm-lineNumbers .cm-activeLineGutter")).to_have_text("3")
    expect(page.locator(".cm-editor")).to_have_class(re.compile("cm-focused"))


def test_a_log_is_complete_after_a_reload_in_the_middle(page: Page) -> None:
    new_algorithm(page)
    page.get_by_role("button", name="Build").click()
    expect(page.locator("#log")).to_contain_text("Beginning container customization")

    page.reload()
    page.locator("#drawer-log").evaluate("drawer => { drawer.open = true; }")

    expect(page.locator("#log")).to_contain_text("Beginning container customization")
    expect(page.locator("#built")).to_contain_text(re.compile("Built|Succeeded"), timeout=120_000)
    assert page.locator("#log").inner_text().count("Beginning container customization") == 1


def test_dependencies_are_saved_from_their_dialog_and_a_missing_one_is_named(
    page: Page, live: Site
) -> None:
    path = new_algorithm(page)

    page.get_by_role("button", name="Dependencies").click()
    page.get_by_role("dialog").get_by_label("requirements.txt").fill(
        "no-such-package-at-all==9.9\n"
    )
    page.get_by_role("dialog").get_by_role("button", name="Save dependencies").click()
    expect(page.locator("#workshop-status")).to_contain_text("Saved as")
    page.get_by_role("button", name="Build").click()
    expect(page.locator("#built")).to_contain_text("Build failed", timeout=120_000)

    saved = page.request.get(f"{live.url}/algorithms/{path}/files/requirements.txt")
    assert saved.text() == "no-such-package-at-all==9.9\n"
    expect(page.locator("#log")).to_contain_text("There is no package no-such-package-at-all")


def test_files_are_made_renamed_and_deleted(page: Page, live: Site) -> None:
    path = new_algorithm(page)

    page.get_by_role("button", name="New file").click()
    page.get_by_role("dialog").get_by_label("Path").fill("data/words.json")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    write_file(page, '{"a": 1}')
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_label("New path").fill("data/letters.json")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.locator("file-tree")).to_contain_text("letters.json")
    page.locator("file-tree").get_by_role("button", name="README.md").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#saved")).to_contain_text("Saved")

    files = page.request.get(f"{live.url}/algorithms/{path}/files/").json()["files"]
    paths = {file["path"] for file in files}
    assert "data/letters.json" in paths
    assert "data/words.json" not in paths
    assert "README.md" not in paths


@pytest.mark.parametrize(
    "choice", ["Save mine on top of theirs", "Keep theirs, save mine as copies"]
)
def test_two_tabs_that_change_one_file_lose_nothing(page: Page, live: Site, choice: str) -> None:
    path = new_algorithm(page)
    other = page.context.new_page()
    other.goto(page.url)
    write_file(other, "THEIRS = 1\n")
    other.keyboard.press("ControlOrMeta+s")
    expect(other.locator("#workshop-status")).to_contain_text("Saved as")

    write_file(page, "MINE = 1\n")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=choice).click()
    expect(page.locator("#workshop-status")).to_contain_text("on top of theirs")

    base = f"{live.url}/algorithms/{path}/files/src"
    newest = page.request.get(f"{base}/CountWords.py").text()
    copy = page.request.get(f"{base}/CountWords.mine.py")
    if choice.startswith("Save mine"):
        assert newest == "MINE = 1\n"
        assert copy.status == 404
    else:
        assert newest == "THEIRS = 1\n"
        assert copy.text() == "MINE = 1\n"


def test_escape_then_tab_leaves_the_editor(page: Page) -> None:
    new_algorithm(page)
    page.locator(".cm-content").click()

    page.keyboard.press("Escape")
    page.keyboard.press("Tab")

    assert page.evaluate("!document.activeElement.closest('.cm-editor')")


def test_without_the_bundle_the_editor_is_a_textarea_that_saves(page: Page, live: Site) -> None:
    path = new_algorithm(page)
    bare = page.context.new_page()
    bare.route("**/vendor/*", lambda route: route.fulfill(status=404, body=""))

    bare.goto(page.url)
    expect(bare.locator("code-editor[ready]")).to_be_visible()
    bare.locator("code-editor textarea").fill("PLAIN = 1\n")
    bare.get_by_role("button", name="Save", exact=True).click()
    expect(bare.locator("#workshop-status")).to_contain_text("Saved as")

    saved = page.request.get(f"{live.url}/algorithms/{path}/files/src/CountWords.py")
    assert saved.text() == "PLAIN = 1\n"
