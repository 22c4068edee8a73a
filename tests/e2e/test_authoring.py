"""An author goes from nothing to a public algorithm without leaving the browser."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.e2e.pages import build, built, new_page, result, sign_up, write_file
from tests.live import Site
from tests.machine import needs_language

CODE = """import Algorithmia

MODEL = Algorithmia.client().file("{model}").getString()


def apply(input):
    print(MODEL)
    return {{"words": len(input.split())}}
"""
SCRIPT = """const leftPad = require("left-pad");

exports.apply = async (input) => leftPad(input, 3, ".");
"""
BROKEN = "import json\n\n\nthis is not python\n"
TESTS = """from . import CountWords


def test_good():
    assert CountWords.apply("Jane") == "Hello Jane"


def test_bad():
    assert 1 == 2
"""


def new_algorithm(page: Page, language: str = "") -> str:
    """Sign up and make an algorithm on the page, in the newest of a language; give its path.

    Its first build has ended then, for the page says so wherever else it says what was done.
    """
    owner, name = f"a{uuid.uuid4().hex[:10]}", "CountWords"
    sign_up(page, owner)
    page.goto("/algorithms/new/")
    page.get_by_label("Name").fill(name)
    if language:
        newest = page.locator(f"optgroup[label='{language}'] option").first.get_attribute("value")
        page.get_by_label("Environment").select_option(newest)
    page.get_by_role("button", name="Create and open the editor").click()
    expect(page).to_have_url(re.compile(f"/algorithms/{owner}/{name}/edit/"))
    expect(page.locator("code-editor[ready]")).to_be_visible()
    built(page)
    return f"{owner}/{name}"


def open_file(page: Page, name: str) -> None:
    page.locator("file-tree").get_by_role("button", name=name).click()
    expect(page.locator("editor-tabs [aria-current=true]")).to_contain_text(name)


def test_from_nothing_to_a_public_page_that_strangers_can_call(
    page: Page, browser: Browser, live: Site, tmp_path: Path
) -> None:
    owner = f"a{uuid.uuid4().hex[:10]}"
    sign_up(page, owner)
    model = drop_model(page, owner, tmp_path)
    page.goto("/dashboard/")
    page.get_by_role("button", name="Start with one that works").click()
    built(page)

    write_file(page, BROKEN)
    build(page, "Build failed")
    page.locator("#log .place").last.click()
    expect(page.locator(".cm-lineNumbers .cm-activeLineGutter")).to_have_text("4")
    expect(page.locator("#problems")).to_have_text("3 problems")
    write_file(page, CODE.format(model=model))
    build(page, "Built")
    page.locator("#console-input").fill('"one two three"')
    page.locator("#console-input").press("ControlOrMeta+Enter")
    assert "words 3" in result(page)
    expect(page.locator("[data-stdout] pre")).to_have_text("weights\n", use_inner_text=False)
    publish(page)

    path = f"/algorithms/{owner}/HelloWorld/"
    expect(page).to_have_url(re.compile(f"{path}$"), timeout=60_000)
    expect(page.locator(".messages")).to_contain_text("HelloWorld/0.1.0 is published.")
    visitor = new_page(browser.new_context(base_url=live.url))
    visitor.goto(path)
    expect(visitor.locator("[data-result]")).to_contain_text("words 3")
    visitor.goto(f"{path}docs/")
    expect(visitor.get_by_role("main")).to_contain_text("The author has written no documentation")
    visitor.context.close()


def drop_model(page: Page, owner: str, folder: Path) -> str:
    """Make a collection, drop a file into it and let everybody's calls read it; give its address."""
    (folder / "model.txt").write_text("weights")
    page.goto("/collections/")
    page.get_by_label("Name", exact=True).fill("models")
    page.get_by_role("button", name="Make the collection").click()
    expect(page.locator("file-drop > p[role=status]")).to_be_attached()
    page.locator("input[type=file]").first.set_input_files([folder / "model.txt"])
    expect(page.get_by_text("Done: 1 stored.")).to_be_visible()
    return f"data://{owner}/models/model.txt"


def publish(page: Page) -> None:
    """Go through the three tabs of the dialog."""
    page.get_by_role("link", name="Publish").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Edit src/HelloWorld.py")
    expect(dialog.get_by_label("Release notes")).to_have_value(re.compile("- Edit src/HelloWorld"))
    dialog.get_by_role("tab", name="Sample I/O").click()
    expect(dialog.get_by_label("Sample input")).to_have_value('"one two three"')
    dialog.get_by_role("button", name="Run it").click()
    expect(dialog.locator("[data-result]")).to_contain_text("words 3", timeout=60_000)
    dialog.get_by_role("tab", name="Versioning").click()
    dialog.get_by_label("Royalty for each call").check()
    dialog.get_by_label("Royalty, in credits per call").fill("2.5")
    expect(dialog.locator("[data-earn]")).to_contain_text("You earn 1.75 credits")
    dialog.get_by_label("Royalty-free").check()
    dialog.get_by_label("I may publish this code").check()
    dialog.get_by_role("button", name="Publish 0.1.0").click()


def test_unit_tests_run_in_the_sandbox_and_lead_to_the_line_that_failed(page: Page) -> None:
    new_algorithm(page)
    open_file(page, "CountWords_test.py")
    write_file(page, TESTS)
    build(page, "Built")

    page.locator("summary", has_text="Unit tests").click()
    page.get_by_role("button", name="Run the unit tests").click()
    expect(page.locator("#tests [role=status]")).to_have_text(
        "1 passed, 1 failed, 0 skipped", timeout=60_000
    )
    page.locator("#tests .place").last.click()

    expect(page.locator(".cm-lineNumbers .cm-activeLineGutter")).to_have_text("9")


@needs_language("javascript")
def test_script_is_checked_while_one_types_and_its_package_added_built_and_called(
    page: Page,
) -> None:
    new_algorithm(page, language="Node.js")

    write_file(page, SCRIPT + "exports.broken = (;\n")
    expect(page.locator("#problems")).to_have_text("2 problems")
    write_file(page, SCRIPT)
    expect(page.locator("#problems")).to_contain_text("1 problem")
    page.locator("#problems").click()
    page.get_by_role("button", name="Add left-pad to the dependencies").first.click()
    expect(page.locator("#workshop-status")).to_contain_text(
        '"left-pad": "1.3.0" is in package.json now.', timeout=60_000
    )
    build(page, "Built")
    page.locator("#console-input").fill('"7"')
    page.locator("#console-input").press("ControlOrMeta+Enter")
    assert "..7" in result(page)
    page.locator("summary", has_text="Unit tests").click()
    page.get_by_role("button", name="Run the unit tests").click()
    expect(page.locator("#tests [role=status]")).to_have_text(
        "0 passed, 1 failed, 0 skipped", timeout=60_000
    )


def test_missing_package_is_marked_and_added_with_its_newest_version(
    page: Page, live: Site
) -> None:
    path = new_algorithm(page)
    page.route(
        "**/packages/?name=numpy",
        lambda route: route.fulfill(json={"name": "numpy", "versions": ["2.4.6"], "count": 1}),
    )
    write_file(page, "import numpy\n\n\ndef apply(input):\n    return numpy.ones(2).tolist()\n")

    expect(page.locator("#problems")).to_contain_text("1 problem")
    page.locator("#problems").click()
    page.get_by_role("button", name="Add numpy to the dependencies").first.click()
    expect(page.locator("#workshop-status")).to_contain_text("numpy==2.4.6 is in requirements.txt")
    expect(page.locator("#problems")).to_be_hidden()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#workshop-status")).to_contain_text("Saved as")

    saved = page.request.get(f"{live.url}/algorithms/{path}/files/requirements.txt").text()
    assert saved.splitlines()[-1] == "numpy==2.4.6"


def test_a_log_is_complete_after_a_reload_in_the_middle(page: Page) -> None:
    new_algorithm(page)
    page.locator("#log").evaluate("log => log.replaceChildren()")
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.locator("#log")).to_contain_text("Beginning container customization")

    page.reload()
    page.locator("#drawer-log").evaluate("drawer => { drawer.open = true; }")

    expect(page.locator("#log")).to_contain_text("Beginning container customization")
    built(page)
    text = page.locator("#log").text_content() or ""
    assert text.count("Beginning container customization") == 1


def test_log_whose_sockets_are_refused_is_read_to_its_end_all_the_same(page: Page) -> None:
    new_algorithm(page)
    page.route_web_socket("**/ws/builds/**", lambda socket: socket.close(code=1011))
    write_file(page, "print('größer 🌍 ' * 3)\n\n\ndef apply(input):\n    return 1\n")

    build(page, "Built")

    text = page.locator("#log").text_content() or ""
    assert text.count("größer 🌍 größer 🌍 größer 🌍") == 1
    assert text.count("Build succeeded") == 1


def test_socket_that_breaks_in_the_middle_goes_on_where_it_stopped(page: Page) -> None:
    new_algorithm(page)
    asked: list[str] = []

    def break_once(socket: WebSocketRoute) -> None:
        asked.append(socket.url)
        server = socket.connect_to_server()

        def pass_on_and_break(text: str | bytes) -> None:
            socket.send(text)
            socket.close(code=1011)

        if len(asked) == 1:
            server.on_message(pass_on_and_break)

    page.route_web_socket("**/ws/builds/**", break_once)

    build(page, "Built")

    text = page.locator("#log").text_content() or ""
    assert text.count("Beginning container customization") == 1
    assert text.count("Build succeeded") == 1
    assert len(asked) > 1
    assert not asked[1].endswith("after=0")


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
    build(page, "Build failed")

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
    open_file(page, "README.md")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("file-tree")).not_to_contain_text("README.md")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#saved")).to_contain_text("Saved")

    files = page.request.get(f"{live.url}/algorithms/{path}/files/").json()["files"]
    paths = {file["path"] for file in files}
    assert "data/letters.json" in paths
    assert "data/words.json" not in paths
    assert "README.md" not in paths


@pytest.mark.parametrize("choice", ["Save the right side", "Keep theirs, save mine as copies"])
def test_two_tabs_that_change_one_file_lose_nothing(page: Page, live: Site, choice: str) -> None:
    path = new_algorithm(page)
    other = new_page(page.context)
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
    if choice.startswith("Save"):
        assert newest == "MINE = 1\n"
        assert copy.status == 404
    else:
        assert newest == "THEIRS = 1\n"
        assert copy.text() == "MINE = 1\n"


def test_two_who_change_different_files_are_put_together(page: Page, live: Site) -> None:
    path = new_algorithm(page)
    other = new_page(page.context)
    other.goto(page.url)
    open_file(other, "README.md")
    write_file(other, "# Theirs\n")
    other.keyboard.press("ControlOrMeta+s")
    expect(other.locator("#workshop-status")).to_contain_text("Saved as")

    write_file(page, "MINE = 1\n")
    page.keyboard.press("ControlOrMeta+s")
    expect(page.locator("#workshop-status")).to_contain_text("Nothing overlapped")

    base = f"{live.url}/algorithms/{path}/files"
    assert page.request.get(f"{base}/README.md").text() == "# Theirs\n"
    assert page.request.get(f"{base}/src/CountWords.py").text() == "MINE = 1\n"


def test_escape_then_tab_leaves_the_editor(page: Page) -> None:
    new_algorithm(page)
    page.locator("code-editor[ready] .cm-content").click()

    page.keyboard.press("Escape")
    page.keyboard.press("Tab")

    assert page.evaluate("!document.activeElement.closest('.cm-editor')")


def test_without_the_bundle_the_editor_is_a_textarea_that_saves(page: Page, live: Site) -> None:
    path = new_algorithm(page)
    bare = new_page(page.context)
    bare.route("**/vendor/*", lambda route: route.fulfill(status=404, body=""))

    bare.goto(page.url)
    expect(bare.locator("code-editor[ready]")).to_be_visible()
    bare.locator("code-editor textarea").fill("PLAIN = 1\n")
    bare.get_by_role("button", name="Save", exact=True).click()
    expect(bare.locator("#workshop-status")).to_contain_text("Saved as")

    saved = page.request.get(f"{live.url}/algorithms/{path}/files/src/CountWords.py")
    assert saved.text() == "PLAIN = 1\n"
