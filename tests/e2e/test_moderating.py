"""A moderator's day: a report comes in, is looked at and decided, appealed, and taken back."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import new_page
from tests.journeys.authoring import build, publish, write
from tests.live import Person, Site
from tests.python_client import connected

FIRST = "def apply(input):\n    return input.upper()\n"
SECOND = "import urllib.request\n\n\ndef apply(input):\n    return input.lower()\n"


@pytest.fixture(scope="module")
def shouting(live: Site) -> Iterator[tuple[Person, str]]:
    """An author and the path of an algorithm whose second version reaches the internet."""
    author = live.person(f"m{uuid.uuid4().hex[:10]}")
    with connected(live.url, author.key) as client:
        written = write(client, live, author, FIRST, name="Shout")
        publish(client, written.path, sample='"a"')
        build(client, live, author, written.path, {"src/Shout.py": SECOND})
        publish(client, written.path, sample='"a"', part="major", network_access="full")
        yield author, written.path


def _page_of(browser: Browser, live: Site, person: Person) -> Page:
    page = new_page(browser.new_context(base_url=live.url))
    page.set_default_timeout(30_000)
    page.goto("/sign_in/")
    page.get_by_label("Account name or e-mail").fill(person.name)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Sign in")
    return page


def _call(live: Site, path: str, person: Person) -> dict[str, Any]:
    answer = httpx.post(f"{live.url}/v1/algo/{path}", headers=person.headers, json="Hi", timeout=60)
    found: dict[str, Any] = answer.json()
    return found


def _report(reporting: Page, path: str) -> None:
    reporting.goto(f"/algorithms/{path}/")
    reporting.get_by_role("link", name="Report a problem").click()
    reporting.get_by_label("It does harm").check()
    reporting.get_by_label("Tell us more").fill("It sends my text to somebody else's server.")
    reporting.get_by_label("Where?").fill("src/Shout.py:1")
    reporting.get_by_role("button", name="Send the report").click()
    expect(reporting.get_by_role("heading", level=1)).to_have_text("Thank you")


def _quarantine(deciding: Page, staff: Person, path: str) -> None:
    deciding.get_by_text(staff.name).click()
    deciding.get_by_role("link", name="Moderation").click()
    deciding.get_by_role("link", name=f"{path}/1.0.0").click()
    expect(deciding.get_by_text("Since 1.0.0 it reaches the internet")).to_be_visible()
    expect(deciding.get_by_text("import urllib.request")).to_be_visible()
    expect(deciding.get_by_text("src/Shout.py:1")).to_be_visible()
    deciding.get_by_label("Quarantine the algorithm").check()
    deciding.get_by_label("Start from").select_option(index=2)
    expect(deciding.get_by_label("Reason", exact=True)).to_have_value(re.compile("reaches the int"))
    deciding.get_by_role("button", name="Preview the letters").click()
    expect(deciding.get_by_label("To the owner")).to_contain_text("is in quarantine")
    deciding.get_by_role("button", name="Decide and tell the parties").click()
    expect(deciding.get_by_text("Decided, and the parties are told.")).to_be_visible()


def test_report_is_decided_appealed_and_taken_back(
    browser: Browser, live: Site, shouting: tuple[Person, str]
) -> None:
    author, path = shouting
    caller = live.person(f"c{uuid.uuid4().hex[:10]}")
    staff = [live.person(f"s{uuid.uuid4().hex[:10]}", "--staff") for _ in range(2)]
    reporting = _page_of(browser, live, caller)

    _report(reporting, path)
    deciding = _page_of(browser, live, staff[0])
    _quarantine(deciding, staff[0], path)

    refused = _call(live, path, caller)
    assert "is quarantined: this site's moderators" in refused["error"]["message"]
    gone = reporting.goto(f"/algorithms/{path}/")
    assert gone is not None
    assert gone.status == 404

    appealing = _page_of(browser, live, author)
    appealing.goto(f"/algorithms/{path}/")
    appealing.get_by_text("1 decision of the moderators").click()
    appealing.get_by_role("link", name="Quarantine the algorithm").click()
    appealing.get_by_label("Why is the decision wrong?").fill("It only imports it, see line 1.")
    appealing.get_by_role("button", name="Send the appeal").click()
    expect(appealing.get_by_text("Your appeal has arrived.")).to_be_visible()

    answering = _page_of(browser, live, staff[1])
    answering.goto("/moderation/")
    answering.get_by_role("link", name=f"{path}/1.0.0").first.click()
    answering.get_by_label("Take the decision back").check()
    answering.get_by_label("Reason").fill("Importing it is not using it; it may be called again.")
    answering.get_by_role("button", name="Answer the appeal").click()
    expect(answering.get_by_text("Answered, and the owner is told.")).to_be_visible()

    assert _call(live, path, caller)["result"] == "hi"
    answering.goto(f"/staff/audit/?target={path}")
    for action in ("decided: quarantine", "appealed", "answered an appeal: granted"):
        expect(answering.get_by_role("cell", name=action, exact=True)).to_be_visible()
    for page in (reporting, deciding, appealing, answering):
        page.context.close()
