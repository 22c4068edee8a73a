"""The whole road of money in a browser: bought, spent, shown, earned, paid out, and the books agree."""

from __future__ import annotations

import re
import textwrap
import uuid
from dataclasses import replace

from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import new_page, sign_up
from tests.journeys.authoring import publish, write
from tests.journeys.calling import call, until
from tests.live import Person, Site
from tests.python_client import connected

CODE = textwrap.dedent(
    '''
    def apply(input):
        """Say it louder."""
        return input.upper()
    '''
)
ROYALTY = 90_000_000
GIFT = 1_000_000
BOOKS = (
    "from billing import settlement; from tests import ledgers; settlement.settle(); "
    "ledgers.require_balanced_books(); print('balanced')"
)
MATURE = "from billing import maturing; print(maturing.mature())"


def in_shell(site: Site, program: str, **environment: str) -> str:
    asked = replace(site, environment=site.environment | environment)
    return asked.manage("shell", "-v", "0", "-c", program).strip()


def balanced(site: Site) -> str:
    """What there is to say of the books; the site may be at work on them while they are read."""
    for _attempt in range(5):
        try:
            return in_shell(site, BOOKS)
        except AssertionError as error:
            said = str(error)
    return said


def buy(page: Page, dollars: int) -> None:
    """A hundred dollars of credit, with a test card, on the double's page."""
    page.goto("/billing/top-up/")
    page.get_by_role("button", name=re.compile(rf"^\${dollars}\b")).click()
    page.get_by_label("Card number").fill("4242424242424242")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def receipt_is_there(page: Page) -> bool:
    page.goto("/billing/receipts/")
    return page.get_by_role("row").filter(has_text="The call succeeded.").count() > 0


def test_stranger_buys_calls_and_checks_the_bill_and_its_author_is_paid(
    page: Page, browser: Browser, live: Site, author: Person
) -> None:
    with connected(live.url, author.key) as client:
        path = write(client, live, author, CODE).path
        publish(client, path, sample='"hi"', royalty_microcredits=ROYALTY * 10_000)
    key = sign_up(page, f"payer_{uuid.uuid4().hex[:8]}")

    buy(page, 100)
    answer = call(live, path, "hello", key=key).json()
    cost = answer["metadata"]["cost"]
    until(lambda: receipt_is_there(page) or None)

    charged = f"${cost['amount']}"
    assert answer["result"] == "HELLO"
    expect(page.get_by_role("row").filter(has_text=path)).to_contain_text(charged)
    page.get_by_role("row").filter(has_text=path).get_by_role("link").click()
    expect(page.locator(".paper__head")).to_contain_text(charged)
    expect(page.locator(".paper")).to_contain_text("Paid with gifts$1.00")
    page.get_by_role("navigation", name="Billing").get_by_role("link", name="Statements").click()
    page.locator("th[scope=row] a").first.click()
    expect(page.locator("#charged")).to_have_text(charged)

    in_shell(live, MATURE, HOLDING_DAYS="0")
    context = browser.new_context(base_url=live.url, viewport={"width": 1280, "height": 900})
    theirs = new_page(context)
    theirs.goto("/sign_in/?next=/billing/earnings/")
    theirs.locator("[name=login]").fill(author.name)
    theirs.locator("[name=password]").fill(author.password)
    theirs.get_by_role("button", name="Sign in", exact=True).click()
    earned = (ROYALTY + cost["compute"] - GIFT) * 7 // 10
    expect(theirs.get_by_role("row").filter(has_text=path)).to_contain_text(f"${earned / 1e6}")
    theirs.get_by_role("link", name="Get paid").click()
    theirs.get_by_role("button", name="Begin at Stripe").click()
    theirs.get_by_label("I accept the terms").check()
    theirs.get_by_role("button", name="Agree and submit").click()
    expect(theirs.get_by_text("Stripe pays your bank.")).to_be_visible()
    theirs.get_by_role("button", name="Pay it out now").click()
    theirs.goto("/billing/get-paid/")
    expect(theirs.get_by_role("row").filter(has_text=author.name)).to_contain_text("Transferred")
    context.close()

    assert balanced(live).endswith("balanced")
