"""What a call that failed costs, by who has ended it."""

from __future__ import annotations

from uuid import uuid4

from pytest_django import Settings

from algorithms.charging import Admission, Hold
from billing.bills import Bill
from billing.pricing import Price
from billing.till import Chain, Payer, Who
from runners.specs import Failure, Outcome, Timings

PRICE = Price(rate=10_000_000, royalty=50_000_000, share_bps=7000, minimum_ms=100)
WORDS = ("TimeoutError", "PaymentRequired")


def admission() -> Admission:
    owner_id = uuid4()
    chain = Chain(Who(owner_id, None, 1, uuid4()), Payer(owner_id), (), (), uuid4(), 0.0)
    bill = Bill(payer_id=owner_id, author_id=uuid4(), member_id=1, tag="", price=PRICE)
    return Admission(bill, Hold(PRICE, chain, amount=100_000, step=0.0), timeout=10.0)


def test_algorithm_that_only_says_it_ran_out_of_time_is_free_like_any_other_failure(
    settings: Settings,
) -> None:
    settings.FREE_FAILING_SECONDS = -1
    timings = Timings(run=3_000_000)
    said = [Outcome(failure=Failure("Late.", word), timings=timings) for word in WORDS]
    ended = Outcome(
        failure=Failure("It did not answer.", "TimeoutError", is_out_of_time=True), timings=timings
    )

    charges = [admission().charge(one) for one in said]
    charged = admission().charge(ended)

    assert [(one.outcome, one.total) for one in charges] == [("failed", 0), ("failed", 0)]
    assert (charged.outcome, charged.compute, charged.royalty) == ("timed_out", 3_000, 0)
