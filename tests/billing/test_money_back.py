from __future__ import annotations

import pytest
from pytest_django import Settings

from billing import disputes, freezing, ledger, maturing, payouts, refunding, topups
from billing.models import Dispute, EarningHold, Journal, Limit, Lot, Refund, TopUp
from billing.stripe_double import cash
from billing.stripe_double.world import Fault
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, NotAllowed
from tests.ledgers import require_balanced_books
from tests.stripes import Stripe, browser_of, held_in, owner, session_of, staff, use

pytestmark = pytest.mark.django_db


def bought(stripe: Stripe, who: Actor, micro: int = 20_000_000) -> TopUp:
    url = topups.start(
        owner(who), micro, by=who, back="http://site/{CHECKOUT_SESSION_ID}", cancel="http://site/"
    ).url
    stripe.pay(url)
    topup = topups.fulfil(session_of(url))
    assert topup is not None
    return topup


def test_refund_gives_back_what_is_unspent_and_no_more(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    topup = bought(stripe, alice)
    use(alice, bob, royalty=3_001_000, compute=2_000_000)
    operator = staff()

    with pytest.raises(BadInput, match=r"14\.99 can be given back"):
        refunding.refund(topup, by=operator, micro=15_000_000)
    made = refunding.refund(topup, by=operator)
    stripe.bring_wildly(5)
    invoices = browser_of(alice).get("/billing/invoices/").content.decode()

    assert '<td class="number">$14.99</td>' in invoices
    assert (made.state, made.amount) == (Refund.State.DONE, 14_990_000)
    assert Lot.objects.get().remaining == 9_000
    assert [one["amount"] for one in stripe.world.all("refund")] == [1499]
    assert Journal.objects.filter(kind="refund").count() == 1
    require_balanced_books()


def test_tax_goes_back_in_proportion_and_in_full_at_the_end(
    stripe: Stripe, alice: Actor, settings: Settings
) -> None:
    settings.STRIPE_TAX = True
    stripe.world.tax_bps = 1900
    topup = bought(stripe, alice, 10_010_000)

    first = refunding.refund(topup, by=staff(), micro=3_330_000)
    rest = refunding.refund(topup, by=staff())

    assert (topup.tax, first.tax + rest.tax) == (1_900_000, 1_900_000)
    assert held_in("tax_payable") == 0
    assert sum(one["amount"] for one in stripe.world.all("refund")) == 1191


def test_refund_whose_answer_is_lost_is_made_once(stripe: Stripe, alice: Actor) -> None:
    topup = bought(stripe, alice)
    stripe.world.faults.append(Fault("/v1/refunds", when="after", times=3))

    made = refunding.refund(topup, by=staff())
    state = made.state
    refunding.resend()

    assert (state, Refund.objects.get().state) == (Refund.State.SENDING, Refund.State.DONE)
    assert len(stripe.world.all("refund")) == 1
    require_balanced_books()


def test_refund_that_the_bank_returns_is_credit_again(stripe: Stripe, alice: Actor) -> None:
    refunding.refund(bought(stripe, alice), by=staff(), micro=5_000_000)
    stripe.bring()

    cash.fail_refund(stripe.world, str(Refund.objects.get().stripe_id))
    stripe.bring_wildly(6)

    assert Refund.objects.get().state == Refund.State.REFUSED
    assert Lot.objects.get().remaining == 20_000_000
    assert held_in("stripe_cash") + held_in("stripe_fees") == -20_000_000
    require_balanced_books()


def test_refund_made_on_stripes_own_pages_takes_the_credit_and_the_house_bears_the_rest(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    topup = bought(stripe, alice)
    use(alice, bob, royalty=15_000_000)

    cash.refund(stripe.world, {"charge": topup.charge_id})
    stripe.bring_wildly(7)

    assert Lot.objects.get().remaining == 0
    assert held_in("bad_debt") == -15_000_000
    require_balanced_books()


def test_only_staff_may_refund_and_freeze(stripe: Stripe, alice: Actor, mallory: Actor) -> None:
    topup = bought(stripe, alice)

    for someone in (alice, mallory):
        with pytest.raises(NotAllowed):
            refunding.refund(topup, by=someone)
        with pytest.raises(NotAllowed):
            freezing.freeze(owner(alice), "because", by=someone)

    assert Refund.objects.count() == 0


def disputed(stripe: Stripe, payer: Actor, author: Actor) -> Dispute:
    """A payment of 20.00 of which 10.00 went to royalties and is disputed now."""
    topup = bought(stripe, payer)
    use(payer, author, royalty=10_000_000)
    cash.open_dispute(stripe.world, topup.charge_id)
    stripe.bring_wildly(8)
    return Dispute.objects.get()


def test_dispute_freezes_the_payer_and_keeps_back_what_authors_got_of_it(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    dispute = disputed(stripe, alice, bob)

    text = disputes.answer(dispute, by=staff())

    hold = EarningHold.objects.get()
    assert (hold.author_id, hold.amount, hold.is_open) == (bob.owner_id, 7_000_000, True)
    assert "disputed" in Limit.objects.get(kind="wallet", owner=owner(alice)).frozen_because
    assert (held_in("disputes"), ledger.balance("stripe_fees")) == (-20_000_000, -15_880_000)
    assert "10.00" in text
    assert stripe.world.all("dispute")[0]["status"] == "under_review"
    require_balanced_books()


def test_dispute_that_is_won_leaves_everything_as_it_was(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    dispute = disputed(stripe, alice, bob)

    cash.close_dispute(stripe.world, dispute.pk, is_won=True)
    stripe.bring_wildly(9)

    assert Dispute.objects.get().state == Dispute.State.WON
    assert held_in("disputes") == 0
    assert Limit.objects.get(kind="wallet", owner=owner(alice)).frozen_because == ""
    assert not EarningHold.objects.get().is_open
    assert ledger.balance("author_pending", bob.owner_id) == 7_000_000
    require_balanced_books()


def test_what_staff_have_frozen_stays_frozen_when_a_dispute_is_won(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    dispute = disputed(stripe, alice, bob)
    freezing.freeze(owner(alice), "Fraud", by=staff())

    cash.close_dispute(stripe.world, dispute.pk, is_won=True)
    stripe.bring_wildly(9)
    after = Limit.objects.get(kind="wallet", owner=owner(alice)).frozen_because
    freezing.thaw(owner(alice), by=staff())

    assert after == "Fraud"
    assert Limit.objects.get(kind="wallet", owner=owner(alice)).frozen_because == ""


@pytest.mark.parametrize(
    ("is_mature", "kind"), [(False, "author_pending"), (True, "author_available")]
)
def test_dispute_that_is_lost_is_borne_by_credit_royalties_and_the_house(
    stripe: Stripe, alice: Actor, bob: Actor, settings: Settings, is_mature: bool, kind: str
) -> None:
    settings.HOLDING_DAYS = 0 if is_mature else 30
    topup = bought(stripe, alice)
    use(alice, bob, royalty=10_000_000)
    maturing.mature()
    before = ledger.balance(kind, bob.owner_id)
    cash.open_dispute(stripe.world, topup.charge_id)
    stripe.bring_wildly(10)

    cash.close_dispute(stripe.world, Dispute.objects.get().pk, is_won=False)
    stripe.bring_wildly(11)

    assert (before, ledger.balance(kind, bob.owner_id)) == (7_000_000, 0)
    assert Lot.objects.get().remaining == 0
    assert (held_in("disputes"), held_in("bad_debt")) == (0, -3_000_000)
    assert payouts.outlook(owner(bob).pk).payable == 0
    freezing.thaw_if_settled(owner(alice))
    assert "disputed" in Limit.objects.get(kind="wallet", owner=owner(alice)).frozen_because
    require_balanced_books()


def test_disputed_royalty_that_has_been_paid_out_is_the_houses_loss(
    stripe: Stripe, alice: Actor, bob: Actor
) -> None:
    dispute = disputed(stripe, alice, bob)
    paid = [
        ledger.Leg(ledger.account("author_pending", bob.owner_id), -7_000_000),
        ledger.Leg(ledger.account("bank_cash"), 7_000_000),
    ]
    ledger.post_journal("test:paid", "test", paid)

    cash.close_dispute(stripe.world, dispute.pk, is_won=False)
    stripe.bring()

    assert held_in("bad_debt") == -10_000_000
    assert ledger.balance("author_available", bob.owner_id) == 0
    require_balanced_books()
