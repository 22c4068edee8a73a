"""What a payer can prove: receipts that need only the public key, and statements made of them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing import (
    budgets,
    ledger,
    objections,
    payouts,
    receipt_verifying,
    receipts,
    settlement,
)
from billing.budgets import Subject
from billing.ledger import Leg, account
from billing.models import Journal, Limit, Lot, Receipt, Usage
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, Conflict, NotFound
from tests.ledgers import give, require_balanced_books, use
from tests.stripes import browser_of, owner, staff

pytestmark = pytest.mark.django_db

AT_ONCE = timedelta(0)


def called(payer: Actor, author: Actor, *, compute: int = 12, royalty: int = 500) -> Usage:
    assert payer.owner_id is not None
    assert author.owner_id is not None
    made = use(payer.owner_id, author.owner_id, compute=compute, royalty=royalty)
    Usage.objects.filter(pk=made.pk).update(
        path="alice/Hello",
        version="1.0.0",
        version_digest="d" * 64,
        input_sha256="a" * 64,
        output_sha256="b" * 64,
        run_us=1200,
        billed_ms=120,
        price={"rate": 1_000_000, "royalty": 5_000_000, "share_bps": 7000, "minimum_ms": 10},
    )
    made.refresh_from_db()
    return made


def ids(*who: Actor) -> list[UUID]:
    return [owner(one).pk for one in who]


def settled_and_receipted() -> None:
    settlement.settle()
    receipts.make(patience=AT_ONCE)


def file_of(client: Client, folder: Path) -> tuple[Path, Path]:
    """The payer's receipts and the public key, as they are fetched."""
    papers, key = folder / "receipts.json", folder / "key.json"
    papers.write_bytes(client.get("/v1/receipts").content)
    key.write_bytes(Client().get("/v1/receipts/key").content)
    return papers, key


def test_every_call_ends_in_a_signed_receipt_that_says_what_and_why(
    alice: Actor, bob: Actor, mallory: Actor
) -> None:
    give(bob.owner_id, 10_000)
    paid, child = called(bob, alice), called(bob, alice, compute=5, royalty=0)
    free = Usage.objects.create(
        call_id=uuid4(),
        root_id=uuid4(),
        payer=owner(bob),
        author=owner(alice),
        algorithm_id=uuid4(),
        outcome=Usage.Outcome.FAILED,
        price=paid.price,
        at=paid.at,
    )
    Usage.objects.filter(pk=child.pk).update(parent_id=paid.pk)

    settled_and_receipted()
    again = receipts.make(patience=AT_ONCE)
    answer = browser_of(bob).get(f"/v1/receipts/req-{paid.pk}").json()
    said = answer["receipt"]

    assert (again, Receipt.objects.count()) == (0, 3)
    assert said["call"]["version_digest"] == "d" * 64
    assert (said["call"]["input_sha256"], said["call"]["output_sha256"]) == ("a" * 64, "b" * 64)
    assert [(meter["meter"], meter["amount"]) for meter in said["meters"]] == [
        ("compute", 12),
        ("royalty", 500),
    ]
    assert said["royalty"] == {"author": 350, "house": 150, "share_bps": 7000}
    assert said["children"] == [{"id": str(child.pk), "total": 5}]
    assert (said["charged"], said["billed"], said["reason"]) == (512, True, "The call succeeded.")
    unpaid = browser_of(bob).get(f"/v1/receipts/{free.pk}").json()["receipt"]
    assert (unpaid["charged"], unpaid["billed"]) == (0, False)
    assert unpaid["reason"] == "The call failed, and failed calls are free."
    assert browser_of(mallory).get(f"/v1/receipts/{paid.pk}").status_code == 404
    assert browser_of(alice).get(f"/v1/receipts/{paid.pk}").status_code == 404


def test_verifier_with_the_public_key_alone_finds_any_change_and_any_gap(
    alice: Actor, bob: Actor, tmp_path: Path
) -> None:
    give(bob.owner_id, 10_000)
    for _ in range(4):
        called(bob, alice)
    settled_and_receipted()
    papers, key = file_of(browser_of(bob), tmp_path)
    program = [sys.executable, "-I", receipt_verifying.__file__]

    good = subprocess.run(
        [*program, papers, "--public-key", key],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    rows = json.loads(papers.read_text())["receipts"]
    public = receipt_verifying.read_keys(key.read_text())
    rows[1]["receipt"]["charged"] -= 1
    changed = receipt_verifying.verify(rows, public)
    gone = receipt_verifying.verify([rows[0], rows[2], rows[3]], public)

    assert good.returncode == 0, good.stderr
    assert "4 receipts, all good." in good.stdout
    assert "0.002048 charged" in good.stdout
    call_command("verify_receipts", str(papers), "--public-key", str(key))
    assert any("it is not what was signed" in fault for fault in changed.wrong)
    assert any("Receipt 3 does not follow receipt 2" in fault for fault in changed.wrong)
    assert (gone.wrong, gone.missing) == ([], ["2 to 2"])
    papers.write_text(json.dumps(rows))
    with pytest.raises(CommandError, match="Not all of these receipts are good"):
        call_command("verify_receipts", str(papers), "--public-key", str(key))


def test_receipts_of_an_old_key_are_still_good_when_a_new_one_signs(
    alice: Actor, bob: Actor, settings: Settings
) -> None:
    give(bob.owner_id, 10_000)
    called(bob, alice)
    settled_and_receipted()
    settings.RECEIPT_KEY = "another secret of the operator"

    called(bob, alice)
    settled_and_receipted()
    keys = Client().get("/v1/receipts/key")
    rows = browser_of(bob).get("/v1/receipts").json()["receipts"]
    verdict = receipt_verifying.verify(rows, receipt_verifying.read_keys(keys.content.decode()))

    assert len(keys.json()["keys"]) == 2
    assert rows[1]["key"] == keys.json()["current"] != rows[0]["key"]
    assert (verdict.count, verdict.wrong, verdict.missing) == (2, [], [])


def test_charge_that_staff_give_back_is_mirrored_once_with_a_receipt_of_its_own(
    alice: Actor, bob: Actor, mallory: Actor
) -> None:
    give(bob.owner_id, 10_000)
    paid = called(bob, alice)
    settled_and_receipted()

    with pytest.raises(NotFound):
        objections.object_to(paid.pk, by=mallory, reason="mine")
    with pytest.raises(BadInput):
        objections.object_to(paid.pk, by=bob, reason="  ")
    objection = objections.object_to(paid.pk, by=bob, reason="It never answered.")
    with pytest.raises(Conflict):
        objections.object_to(paid.pk, by=bob, reason="Again.")
    journal = objections.accept(objection, by=staff(), answer="You are right.")
    with pytest.raises(Conflict):
        objections.accept(objection, by=staff())

    rows = browser_of(bob).get("/v1/receipts").json()["receipts"]
    assert journal.reverses == paid.__class__.objects.get(pk=paid.pk).settled_in
    assert Journal.objects.filter(kind="call given back").count() == 1
    assert [row["receipt"]["charged"] for row in rows] == [512, -512]
    assert UUID(rows[1]["receipt"]["id"]) == objection.pk
    assert ledger.balance("customer_paid", bob.owner_id) == 10_000
    assert ledger.balance("author_pending", alice.owner_id) == 0
    assert ledger.balance("compute_revenue") == ledger.balance("platform_fee") == 0
    assert Lot.objects.get(source="refund").remaining == 512
    require_balanced_books()


def test_charge_given_back_after_its_author_was_paid_is_made_up_for_by_later_royalties(
    alice: Actor, bob: Actor
) -> None:
    give(bob.owner_id, 10_000)
    paid = called(bob, alice)
    settled_and_receipted()
    legs = [Leg(account("author_pending", alice.owner_id), -350), Leg(account("bank_cash"), 350)]
    ledger.post_journal("test:paid out", "payout", legs)

    objection = objections.object_to(paid.pk, by=bob, reason="It never answered.")
    objections.accept(objection, by=staff())
    owed = ledger.balance("author_available", alice.owner_id)
    why = payouts.outlook(owner(alice).pk)
    called(bob, alice)
    settled_and_receipted()

    assert (owed, why.payable) == (-350, 0)
    assert ledger.balance("customer_paid", bob.owner_id) == 10_000 - 512
    assert ledger.balance("author_pending", alice.owner_id) + owed == 0
    require_balanced_books()


def test_budget_has_again_what_was_given_back_while_its_window_runs(
    alice: Actor, bob: Actor
) -> None:
    give(bob.owner_id, 10_000)
    now = timezone.now()
    windows = []
    for period, ends_at in (("day", now + timedelta(hours=1)), ("month", now - timedelta(hours=1))):
        budget = budgets.create(owner(bob), by=bob, subject=Subject(), period=period, amount=5000)
        windows.append(
            Limit.objects.create(
                kind="window",
                owner=owner(bob),
                budget=budget,
                starts_at=now - timedelta(days=1),
                ends_at=ends_at,
                ceiling=5000,
            )
        )
    paid, kept = (
        use(*ids(bob, alice), compute=100, royalty=500, limit_ids=[one.pk for one in windows])
        for _ in range(2)
    )
    settled_and_receipted()

    objection = objections.object_to(paid.pk, by=bob, reason="It never answered.")
    objections.accept(objection, by=staff())

    running, over = Limit.objects.filter(kind="window").order_by("pk")
    assert (running.spent, over.spent) == (kept.total, 2 * kept.total)
    require_balanced_books()


def test_usage_is_grouped_and_filtered_over_http_in_json_and_csv(alice: Actor, bob: Actor) -> None:
    give(bob.owner_id, 10_000)
    called(bob, alice)
    tagged = called(bob, alice)
    Usage.objects.filter(pk=tagged.pk).update(tag="=cmd()", version="1.1.0")
    browser = browser_of(bob)

    by_version = browser.get("/v1/usage?group_by=version").json()
    by_tag = browser.get("/v1/usage?group_by=tag&format=csv").content.decode().splitlines()
    one = browser.get("/v1/usage?group_by=day&version=1.1.0").json()

    rows = {row["name"]: (row["calls"], row["total"]) for row in by_version["rows"]}
    assert rows == {"alice/Hello/1.0.0": (1, "0.000512"), "alice/Hello/1.1.0": (1, "0.000512")}
    assert by_version["total"]["total"] == "0.001024"
    assert "'=cmd(),1,1,120,0.000012,0.0005,0.000512" in by_tag
    assert [row["total"] for row in one["rows"]] == ["0.000512"]
    assert browser.get("/v1/usage?group_by=mood").status_code == 400
    assert browser.get("/v1/usage?from=tomorrow").status_code == 400
    assert browser.get("/v1/usage?to=0001-01-01").status_code == 400
    assert browser.get("/v1/usage?from=9999-12-31&to=9999-12-31").status_code == 400
    assert Client().get("/v1/usage").status_code == 401
