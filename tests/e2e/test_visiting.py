"""A visitor finds an algorithm, runs it, and takes the call away; with and without JavaScript."""

from __future__ import annotations

import base64
import re
import textwrap
import uuid

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.pages import new_page, result, sign_up
from tests.journeys.authoring import publish, write
from tests.live import Person, Site
from tests.python_client import connected

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CODE = f"""
    import base64
    import time


    def apply(input):
        print("asked for", input)
        if input == "table":
            return [{{"word": "agora", "count": 3}}, {{"word": "stoa", "count": 1}}]
        if input == "picture":
            return bytearray(base64.b64decode("{DOT}"))
        if input == "patience":
            for step in range(1000):
                yield {{"step": step}}, step / 1000
                time.sleep(0.05)
        if input == "mistake":
            raise ValueError("There is no such greeting.")
        return {{"greeting": "Hello " + input, "letters": len(input)}}
    """


@pytest.fixture(scope="module")
def greeter(live: Site, author: Person) -> str:
    """The path of a public algorithm that says hello, and other things on request."""
    with connected(live.url, author.key) as client:
        path = write(client, live, author, textwrap.dedent(CODE)).path
        publish(client, path, sample='"World"')
    return path


def test_a_visitor_searches_finds_runs_and_reads_a_true_answer(page: Page, greeter: str) -> None:
    name = greeter.split("/")[1]

    page.goto("/")
    page.get_by_label("What do you need done?").fill(name)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("heading", name=name).get_by_role("link").click()
    expect(page.locator("[data-result]")).to_contain_text("Hello World")
    expect(page.locator("[data-status]")).to_contain_text("Recorded")
    page.get_by_role("textbox", name="Input").fill('"Piraeus"')
    page.get_by_role("textbox", name="Input").press("ControlOrMeta+Enter")

    assert "Hello Piraeus" in result(page)
    assert "letters 7" in result(page)
    expect(page.locator("[data-receipt]")).to_have_text(re.compile(r"s of computing · .* · req-"))
    expect(page.locator("[data-stdout]")).to_be_hidden()


def test_lists_become_tables_pictures_are_shown_and_text_needs_no_quotes(
    page: Page, greeter: str
) -> None:
    page.goto(f"/algorithms/{greeter}/")

    page.get_by_role("textbox", name="Input").fill("table")
    page.get_by_role("button", name="Run").click()
    result(page)
    expect(page.locator("[data-result] th").first).to_have_text("word")
    expect(page.locator("[data-result] tbody tr")).to_have_count(2)
    page.get_by_role("textbox", name="Input").fill('"picture"')
    page.get_by_role("button", name="Run").click()
    picture = page.get_by_role("img", name="The result, a picture")
    expect(picture).to_be_visible()

    assert picture.evaluate("image => image.naturalWidth") == 1


def test_a_mistake_of_the_algorithm_is_said_and_the_trace_is_the_authors_alone(
    page: Page, greeter: str
) -> None:
    page.goto(f"/algorithms/{greeter}/")
    page.get_by_role("textbox", name="Input").fill('"mistake"')
    page.get_by_role("button", name="Run").click()

    expect(page.get_by_role("alert").filter(has_text="There is no such greeting.")).to_be_visible()
    expect(page.locator("[data-status]")).to_contain_text("Failed in")
    expect(page.get_by_text("Where it happened")).to_have_count(0)


def test_broken_json_is_refused_before_anything_is_sent(page: Page, greeter: str) -> None:
    sent: list[str] = []
    page.goto(f"/algorithms/{greeter}/")
    page.on("request", lambda request: sent.append(request.method))

    page.get_by_role("textbox", name="Input").fill('{"name": ')
    page.get_by_role("button", name="Run").click()

    expect(page.locator("[data-problem]")).to_contain_text("looks like JSON but is not")
    assert "POST" not in sent


def test_a_run_shows_how_far_it_is_and_is_cancelled_alone(page: Page, greeter: str) -> None:
    page.goto(f"/algorithms/{greeter}/")
    page.get_by_role("textbox", name="Input").fill('"patience"')
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("progressbar", name="How far the run is")).to_be_visible()
    expect(page.locator("[data-percent]")).to_have_text(re.compile(r"\d+ %"))
    expect(page.locator("[data-result][data-partial]")).to_contain_text("step")
    page.get_by_role("button", name="Cancel").click()

    expect(page.locator("[data-status]")).to_contain_text("Cancelled in")
    expect(page.locator("[data-result]")).to_contain_text("Nothing was charged.")
    expect(page.get_by_role("progressbar")).to_be_hidden()
    page.get_by_role("textbox", name="Input").fill('"again"')
    page.get_by_role("button", name="Run").click()
    assert "Hello again" in result(page)
    expect(page.locator("[data-receipt]")).to_contain_text("warm sandbox")


def test_the_snippet_carries_what_was_typed_and_the_language_is_remembered(
    page: Page, greeter: str
) -> None:
    page.goto(f"/algorithms/{greeter}/")
    page.get_by_role("textbox", name="Input").fill('{"name": "it\'s", "loud": true}')
    page.get_by_role("button", name="Python").click()

    expect(page.locator("#snippet-python")).to_contain_text('{"name": "it\'s", "loud": True}')
    page.goto(f"/algorithms/{greeter}/api/")
    expect(page.locator("#snippet-python")).to_be_visible()
    expect(page.locator("#snippet-curl")).to_be_hidden()


def test_without_javascript_the_form_gives_the_same_answer(
    browser: Browser, live: Site, greeter: str
) -> None:
    context = browser.new_context(base_url=live.url, java_script_enabled=False)
    page = new_page(context)

    page.goto(f"/algorithms/{greeter}/")
    page.locator("textarea[name=input]").fill('"Corinth"')
    page.get_by_role("button", name="Run").click()

    expect(page.locator("[data-result]")).to_contain_text("Hello Corinth")
    context.close()


def test_a_new_person_gets_a_key_that_calls_at_once(page: Page, live: Site, greeter: str) -> None:
    key = sign_up(page, f"caller_{uuid.uuid4().hex[:8]}")

    answer = httpx.post(
        f"{live.url}/v1/algo/{greeter}",
        headers={"Authorization": f"Simple {key}", "Content-Type": "application/json"},
        content='"Key"',
    )

    assert answer.json()["result"] == {"greeting": "Hello Key", "letters": 3}


def test_the_chosen_colours_last(context: BrowserContext, page: Page) -> None:
    page.goto("/")
    page.get_by_label("Colours").select_option("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 20, 19)"

    other = new_page(context)
    other.goto("/explore/")

    assert other.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("path", ["/", "/explore/", "/docs/", "/sign_up/"])
def test_a_phone_never_scrolls_sideways(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 780})
    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_dot_of_the_tests_is_a_picture() -> None:
    assert base64.b64decode(DOT).startswith(b"\x89PNG")


def test_the_chosen_language_reaches_page_and_scripts(page: Page) -> None:
    page.goto("/docs/")

    page.get_by_role("button", name="Deutsch").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("So funktioniert es")
    expect(page.get_by_role("combobox", name="Farben")).to_contain_text("Farben: dunkel")
