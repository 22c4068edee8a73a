"""The pages about money, each in the browser of somebody with something on it, and of strangers."""

from __future__ import annotations

import csv
import io
import re
import zlib
from datetime import UTC

import pytest
from django.utils import timezone, translation
from pytest_django import Settings

from billing import (
    account_statements,
    customers,
    ledger,
    payouts,
    receipt_verifying,
    statement_files,
)
from billing.models import Budget, Limit, Objection, PostPaid, SpendStop
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import User
from tests.billing.test_receipts import called, settled_and_receipted
from tests.ledgers import give, require_balanced_books
from tests.stripes import GOOD_CARD, Stripe, browser_of, owner

pytestmark = pytest.mark.django_db

PAGES = ("", "usage/", "budgets/", "receipts/", "statements/", "invoices/", "earnings/", "top-up/")


def month() -> str:
    return f"{timezone.now().astimezone(UTC):%Y-%m}"


def test_pages_show_an_empty_account_and_a_used_one_and_nothing_to_strangers(
    stripe: Stripe, alice: Actor, bob: Actor, mallory: Actor
) -> None:
    empty = {page: browser_of(mallory).get(f"/billing/{page}") for page in PAGES}
    give(bob.owner_id, 10_000_000)
    paid = called(bob, alice)
    settled_and_receipted()

    payer, author = browser_of(bob), browser_of(alice)
    shown = {page: payer.get(f"/billing/{page}").content.decode() for page in PAGES}
    receipt = payer.get(f"/billing/receipts/{paid.pk}/").content.decode()
    earnings = author.get("/billing/earnings/").content.decode()
    table = author.get("/billing/earnings/earnings.csv").content.decode()

    assert {page.status_code for page in empty.values()} == {200}
    assert "Nothing has been called yet" in empty[""].content.decode()
    assert "$9.99" in shown[""]
    assert "$9.999488" in shown[""]
    assert "$0.000512" in shown["usage/"]
    assert "$0.000512" in shown["receipts/"]
    assert "a" * 64 in receipt
    assert "b" * 64 in receipt
    assert "d" * 64 in receipt
    assert "alice/Hello/1.0.0" in earnings
    assert "$0.00035" in earnings
    assert "caller-" in earnings
    assert "bob" not in earnings
    assert "version,alice/Hello/1.0.0,1,0.0005,0.00035,0.00015,usd" in table
    stranger = browser_of(mallory)
    assert stranger.get(f"/billing/receipts/{paid.pk}/").status_code == 404
    assert stranger.get("/billing/?for=bob").status_code == 404
    assert stranger.get("/staff/money/").status_code == 403


def test_free_credit_of_a_month_is_seen_before_the_first_call_and_given_once(
    settings: Settings, stripe: Stripe, mallory: Actor
) -> None:
    settings.FREE_CREDITS_PER_MONTH = 10_000

    shown = [browser_of(mallory).get(f"/billing/{page}") for page in ("top-up/", "", "")]

    assert all("$1.00" in page.content.decode() for page in shown)
    assert "The free credit of a month" in shown[1].content.decode()
    assert ledger.balance(ledger.Kind.CUSTOMER_PROMO, mallory.owner_id) == 1_000_000
    require_balanced_books()


def test_statement_is_the_sum_of_its_receipts_on_the_page_in_csv_and_in_pdf(
    alice: Actor, bob: Actor
) -> None:
    give(bob.owner_id, 10_000_000)
    for compute in (12, 13, 14):
        called(bob, alice, compute=compute)
    settled_and_receipted()
    payer = browser_of(bob)

    page = payer.get(f"/billing/statements/{month()}/").content.decode()
    table = payer.get(f"/billing/statements/{month()}/statement.csv").content.decode()
    pdf = payer.get(f"/billing/statements/{month()}/statement.pdf")
    rows = payer.get("/v1/receipts").json()["receipts"]
    keys = receipt_verifying.read_keys(payer.get("/v1/receipts/key").content.decode())
    verdict = receipt_verifying.verify(rows, keys)
    statement = account_statements.of_month(
        owner(bob), account_statements.month_named(month()), by=bob
    )

    assert verdict.by_month == {month(): 1539} == {month(): statement.charged}
    assert statement.closing == ledger.balance("customer_paid", bob.owner_id) == 9_998_461
    assert statement.opening + sum(line.amount for line in statement.lines) == statement.closing
    assert "$9.998461" in page
    assert "$0.001539" in page
    lines = {
        (row["part"], row["what"]): row["amount"] for row in csv.DictReader(io.StringIO(table))
    }
    assert lines["change", "calls"] == lines["calls", "alice/Hello"] == "-0.001539"
    assert lines["balance", "closing"] == "9.998461"
    assert [line.count for line in statement.lines if line.kind == "calls"] == [3]
    assert pdf["Content-Type"] == "application/pdf"
    assert said_by(pdf.content) >= {
        "Statement of " + month(), "Account bob, in USD, days of UTC", "Credit given", "10.000000",
        "Closing balance", "9.998461", "alice/Hello 1.0.0", "0.000039", "0.001500", "0.001539",
    }  # fmt: skip
    assert payer.get("/billing/statements/1999-01/").status_code == 404
    assert payer.get("/billing/statements/soon/").status_code == 400


def said_by(pdf: bytes) -> set[str]:
    """The texts of a PDF that was written with its standard fonts."""
    assert pdf.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    content = b"\n".join(zlib.decompress(one) for one in streams)
    return {text.decode("latin-1") for text in re.findall(rb"\(((?:[^()\\]|\\.)*)\) ?Tj", content)}


@pytest.mark.parametrize(
    ("language", "title"), [("de", "Abrechnung vom "), ("zh-hans", "Statement of ")]
)
def test_statement_for_an_accountant_is_readable_in_every_language(
    alice: Actor, bob: Actor, language: str, title: str
) -> None:
    give(bob.owner_id, 10_000_000)
    statement = account_statements.of_month(
        owner(bob), account_statements.month_named(month()), by=bob
    )

    with translation.override(language):
        said = said_by(statement_files.as_pdf(statement))

    assert f"{title}{month()}" in said
    assert not any("?" in text for text in said)


def test_budget_is_set_changed_and_ended_on_its_page(alice: Actor, bob: Actor) -> None:
    give(bob.owner_id, 10_000_000)
    used = called(bob, alice)
    settled_and_receipted()
    browser = browser_of(bob)
    twins = [keys.create(owner(bob), by=bob, label="laptop")[0] for _ in range(2)]

    wrong = browser.post(
        "/billing/budgets/", {"subject": "account:", "period": "day", "amount": "x"}
    )
    browser.post("/billing/budgets/", {"subject": "account:", "period": "day", "amount": "2"})
    for_one = {"subject": f"algorithm:{used.algorithm_id}", "period": "month", "amount": "1"}
    browser.post("/billing/budgets/", for_one)
    [whole] = Budget.objects.filter(scope="account")
    browser.post(f"/billing/budgets/{whole.pk}/", {"amount": "3.50"})
    page = browser.get("/billing/budgets/").content.decode()

    whole.refresh_from_db()
    assert wrong.status_code == 400
    assert whole.amount == 3_500_000
    assert Budget.objects.get(scope="algorithm").subject == "alice/Hello"
    assert "$3.50" in page
    assert all(f"Key: laptop ({twin.mask})" in page for twin in twins)
    assert "alice/Hello" in page
    browser.post(f"/billing/budgets/{whole.pk}/end/")
    assert Budget.objects.in_force().get().scope == "algorithm"


def test_staff_decide_objections_give_credit_freeze_and_stop_on_their_page(
    stripe: Stripe, alice: Actor, bob: Actor, mallory: Actor
) -> None:
    give(bob.owner_id, 10_000)
    paid = called(bob, alice)
    settled_and_receipted()
    payer, clerk = browser_of(bob), browser_of(mallory)

    User.objects.filter(username="mallory").update(is_staff=True)
    payer.post(f"/billing/receipts/{paid.pk}/object/", {"reason": "It never answered."})
    [objection] = Objection.objects.all()
    queue = clerk.get("/staff/money/objections/").content.decode()
    clerk.post(f"/staff/money/objections/{objection.pk}/", {"decision": "refuse", "answer": ""})
    still = Objection.objects.waiting().count()
    yes = {"decision": "accept", "answer": "Sorry."}
    clerk.post(f"/staff/money/objections/{objection.pk}/", yes)
    gift = {"owner": "bob", "amount": "5", "key": "form-1", "note": "Sorry"}
    clerk.post("/staff/money/give/", gift)
    clerk.post("/staff/money/give/", gift)
    clerk.post("/staff/money/accounts/bob/freeze/", {"why": "Asked to"})
    clerk.post("/staff/money/stop/", {"reason": "Drill"})
    page = clerk.get("/staff/money/").content.decode()

    assert "It never answered." in queue
    assert still == 1
    assert "Given back" in payer.get(f"/billing/receipts/{paid.pk}/").content.decode()
    assert Limit.objects.get(owner__name="bob", kind="wallet").ceiling == 10_000 + 5_000_000
    assert Limit.objects.get(owner__name="bob", kind="wallet").frozen_because == "Asked to"
    assert "All spending is stopped: Drill" in page
    assert "Asked to" in page
    assert payer.post("/staff/money/stop/", {"lift": "1"}).status_code == 302
    assert SpendStop.objects.filter(lifted_at=None).exists()
    clerk.post("/staff/money/stop/", {"lift": "1"})
    assert not SpendStop.objects.filter(lifted_at=None).exists()
    require_balanced_books()


def test_staff_freeze_payouts_and_let_an_account_pay_later_on_its_page(
    stripe: Stripe, alice: Actor, bob: Actor, mallory: Actor
) -> None:
    User.objects.filter(username="mallory").update(is_staff=True)
    clerk, page = browser_of(mallory), "/staff/money/accounts/bob/"

    found = clerk.get("/staff/money/accounts/", {"account": "BOB"})
    unknown = clerk.get("/staff/money/accounts/", {"account": "nobody"})
    clerk.post(f"{page}freeze/", {"payouts": "1", "why": "We look into it."})
    without_card = clerk.post(f"{page}later/", {"amount": "25"}, follow=True).content.decode()
    customer = customers.customer_of(owner(bob))
    customers.keep_card(customer.stripe_id, stripe.save_card(customer.stripe_id, GOOD_CARD))
    clerk.post(f"{page}later/", {"amount": "25"})
    shown, whole = clerk.get(page).content.decode(), clerk.get("/staff/money/").content.decode()
    clerk.post(f"{page}later/", {"end": "1"})
    clerk.post(f"{page}freeze/", {"payouts": "1", "thaw": "1"})

    assert (found["Location"], unknown["Location"]) == (page, "/staff/money/")
    assert "They have to leave a card first." in without_card
    assert "Your payouts are kept back: We look into it." in shown
    assert "May owe</dt><dd>$25.00" in shown
    assert "Visa •••• 4242" in shown
    assert "Is paid nothing: We look into it." in whole
    assert "May owe $25.00" in whole
    assert PostPaid.objects.get().state == PostPaid.State.ENDED
    assert payouts.outlook(owner(bob).pk).why_not == "Say first where you want to be paid."
    for stranger in (browser_of(alice), browser_of(bob)):
        assert stranger.get(page).status_code == 403
        stranger.post(f"{page}freeze/", {"why": "Mine"})
        stranger.post(f"{page}later/", {"amount": "1000"})
    assert Limit.objects.get(owner=owner(bob), kind="wallet").frozen_because == ""
    assert PostPaid.objects.get().credit_limit == 25_000_000
