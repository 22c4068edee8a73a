"""The OpenCV guide on the pages alone: files into a collection, code, packages, build, publish, call."""

from __future__ import annotations

import re
import uuid

from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import build, built, new_page, result, sign_up, write_file
from tests.journeys.opencv_packages import BY_PYTHON
from tests.journeys.test_opencv_guide import ALGORITHM, DATA, FEATURES
from tests.live import Site
from tests.machine import needs_python

NAME = "ReadDigits"


def fill_collection(page: Page) -> None:
    """Make a collection that every call may read, with the trained model and two pictures."""
    page.goto("/collections/")
    page.get_by_label("Name", exact=True).fill("digits")
    page.get_by_role("button", name="Make the collection").click()
    expect(page.locator("file-drop > p[role=status]")).to_be_attached()
    files = [DATA / name for name in ("svm_data.dat", "zero_sample.png", "sample_7.png")]
    page.locator("input[type=file]").first.set_input_files(files)
    expect(page.get_by_text("Done: 3 stored.")).to_be_visible()


def write_algorithm(page: Page, owner: str) -> None:
    page.goto("/algorithms/new/")
    page.get_by_label("Name").fill(NAME)
    choice = page.locator("#id_environment option", has_text=re.compile(r"^\s*Python 3\.11"))
    page.get_by_label("Environment").select_option(choice.first.get_attribute("value"))
    page.get_by_role("button", name="Create and open the editor").click()
    built(page)
    write_file(page, ALGORITHM.format(features=FEATURES, owner=owner, collection="digits"))
    page.get_by_role("button", name="Dependencies").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("requirements.txt").fill(BY_PYTHON["3.11"].requirements)
    dialog.get_by_role("button", name="Save dependencies").click()
    expect(page.locator("#workshop-status")).to_contain_text("Saved as")
    build(page, "Built")


def publish(page: Page) -> None:
    page.get_by_role("link", name="Publish").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("tab", name="Sample I/O").click()
    dialog.get_by_role("button", name="Run it").click()
    expect(dialog.locator("[data-result]")).to_contain_text("prediction 7", timeout=60_000)
    dialog.get_by_role("tab", name="Versioning").click()
    dialog.get_by_label("I may publish this code").check()
    dialog.get_by_role("button", name="Publish 0.1.0").click()


@needs_python("3.11")
def test_the_opencv_guide_is_followed_without_leaving_the_browser(
    page: Page, browser: Browser, live: Site
) -> None:
    owner = f"a{uuid.uuid4().hex[:10]}"
    sign_up(page, owner)
    fill_collection(page)

    write_algorithm(page, owner)
    page.locator("#console-input").fill(f'{{"image": "data://{owner}/digits/sample_7.png"}}')
    page.locator("#console-input").press("ControlOrMeta+Enter")
    assert "prediction 7" in result(page)
    publish(page)

    path = f"/algorithms/{owner}/{NAME}/"
    expect(page).to_have_url(re.compile(f"{path}$"), timeout=60_000)
    visitor = new_page(browser.new_context(base_url=live.url))
    visitor.goto(path)
    expect(visitor.locator("[data-result]")).to_contain_text("prediction 7")
    visitor.context.close()
