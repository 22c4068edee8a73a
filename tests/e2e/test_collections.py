"""An author makes a collection, drops files into it, changes who reads, and deletes; also without script."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.pages import new_page
from tests.live import Person, Site

DROP = """([zone, name]) => {
  const files = new DataTransfer();
  files.items.add(new File(["dropped"], name, { type: "text/plain" }));
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def collector(live: Site) -> Person:
    return live.person("collector")


def _sign_in(page: Page, person: Person) -> None:
    page.goto("/sign_in/")
    page.get_by_label("Account name or e-mail").fill(person.name)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Sign in")


def _make(page: Page, name: str) -> None:
    page.goto("/collections/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Make the collection").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def _wait_for_script(page: Page) -> None:
    expect(page.locator("file-drop > p[role=status]")).to_be_attached()


def test_files_are_chosen_dropped_and_shown_with_their_paths(
    page: Page, collector: Person, tmp_path: Path
) -> None:
    (tmp_path / "käse #1.dat").write_bytes(bytes(3_000_000))
    (tmp_path / "b.txt").write_text("hello")
    _sign_in(page, collector)
    _make(page, "dropped")
    _wait_for_script(page)

    page.get_by_label("Drop files here").set_input_files(
        [tmp_path / "käse #1.dat", tmp_path / "b.txt"]
    )
    expect(page.get_by_text("Done: 2 stored.")).to_be_visible()
    page.evaluate(DROP, [page.locator("file-drop").element_handle(), "c.txt"])
    expect(page.get_by_text("Done: 1 stored.")).to_be_visible()

    expect(page.get_by_role("heading", name="3 files")).to_be_visible()
    expect(page.locator("pre")).to_contain_text(f'"data://{collector.name}/dropped/b.txt"')
    with page.expect_download() as download:
        page.get_by_role("link", name="Download käse #1.dat", exact=True).click()
    assert download.value.suggested_filename == "käse #1.dat"
    assert download.value.path().stat().st_size == 3_000_000


def test_access_is_changed_and_a_collection_deleted_after_a_warning(
    page: Page, collector: Person
) -> None:
    _sign_in(page, collector)
    _make(page, "short_lived")

    page.get_by_label("Public.").check()
    page.get_by_role("button", name="Change access").click()
    expect(page.locator(".page-head .badge")).to_have_text("Public")
    page.get_by_role("link", name="Delete collection").click()
    expect(page.get_by_text("cannot start any more")).to_be_visible()
    page.get_by_role("button", name="Delete the collection").click()

    expect(page.get_by_text("is deleted")).to_be_visible()
    expect(page.get_by_role("link", name="short_lived")).to_have_count(0)


def test_upload_works_without_javascript(
    browser: Browser, live: Site, collector: Person, tmp_path: Path
) -> None:
    (tmp_path / "plain.txt").write_text("hello")
    context = browser.new_context(base_url=live.url, java_script_enabled=False)
    page = new_page(context)
    _sign_in(page, collector)
    _make(page, "plain")

    page.get_by_label("Drop files here").set_input_files(tmp_path / "plain.txt")
    page.get_by_role("button", name="Upload files").click()

    expect(page.get_by_text(f"data://{collector.name}/plain/plain.txt is stored.")).to_be_visible()
    context.close()


def test_large_file_goes_on_after_a_lost_connection_and_after_a_reload(
    browser: Browser, live: Site, collector: Person, tmp_path: Path
) -> None:
    size = 40 * 1024 * 1024
    (tmp_path / "model.bin").write_bytes(b"weights!" * (size // 8))
    context = browser.new_context(base_url=live.url)
    page = new_page(context)
    _sign_in(page, collector)
    _make(page, "large")
    _wait_for_script(page)
    pieces: list[int] = []
    lost: list[str] = []

    def pass_on(route: Route) -> None:
        offset = int(route.request.headers["upload-offset"])
        if len(pieces) == 2 and not lost:
            lost.append(str(offset))
            route.abort("connectionreset")
        elif len(pieces) == 3:
            route.abort("connectionreset")
        else:
            pieces.append(offset)
            route.continue_()

    page.route(
        "**/api/uploads/*", lambda route: pass_on(route) if _is_piece(route) else route.continue_()
    )
    page.get_by_label("Drop files here").set_input_files(tmp_path / "model.bin")
    page.wait_for_function("() => document.querySelector('.uploads progress')?.value >= 0.55")
    expect(page.get_by_text("The connection was lost")).to_be_visible(timeout=15_000)
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    expect(page.get_by_role("heading", name="Unfinished uploads")).to_be_visible()
    sent_again: list[int] = []
    page.on(
        "request", lambda request: sent_again.append(int(request.headers.get("upload-offset", -1)))
    )
    page.get_by_label("Drop files here").set_input_files(tmp_path / "model.bin")
    expect(page.get_by_text("Done: 1 stored.")).to_be_visible(timeout=90_000)

    assert lost == [str(pieces[2])]
    assert min(offset for offset in sent_again if offset >= 0) >= pieces[2] > 0
    expect(page.get_by_role("heading", name="1 file, 40.0 MB")).to_be_visible()
    expect(page.get_by_role("heading", name="Unfinished uploads")).to_be_hidden()
    context.close()


def _is_piece(route: Route) -> bool:
    return route.request.method == "PATCH"
