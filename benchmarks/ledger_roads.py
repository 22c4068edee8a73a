"""The two roads that benchmarks/ledger.py compares."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time
from pathlib import Path
from uuid import UUID, uuid4

from django.db import connection, transaction

from algorithms.journal import Begun, Ended, Journal
from billing import grants, reaping, settlement
from billing.bills import Bill, Charge
from billing.models import Usage
from billing.pricing import Price
from billing.teller import Teller
from billing.till import Who
from marketplace.accounts.models import Owner, User
from tests.ledgers import require_balanced_books

CREDIT = 100_000_000
COST = 3
HOLD = 6_000
AT_ONCE = 64
AUTHOR, HOUSE, COMPUTE = 1_000_001, 1_000_002, 1_000_003


def prepare(payers: int) -> list[Owner]:
    """Owners with credit on both roads; the naive one's tables are its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS naive_balance (id bigint PRIMARY KEY, posted bigint, held bigint)"
        )
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS naive_entry (id bigserial PRIMARY KEY, call uuid, "
            "account bigint, amount bigint)"
        )
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS naive_hold (call uuid PRIMARY KEY, amount bigint)"
        )
        cursor.execute(
            "INSERT INTO naive_balance SELECT n, %s, 0 FROM generate_series(0, %s) AS n "
            "UNION ALL SELECT unnest(%s), 0, 0 ON CONFLICT DO NOTHING",
            [CREDIT * 1000, payers, [AUTHOR, HOUSE, COMPUTE]],
        )
    owners = []
    for _ in range(payers):
        name = f"payer-{uuid4().hex[:12]}"
        user = User.objects.create(username=name, email=f"{name}@example.org")
        owner = Owner.objects.create(name=name, user=user)
        grants.post(owner.pk, CREDIT, idem_key=f"bench:{name}", is_promo=False)
        owners.append(owner)
    return owners


def naive(owners: list[Owner], seconds: float, workers: int) -> float:
    """Four live balances, two transactions a call, from several threads with a connection each."""
    counts = [0] * workers
    end = time.perf_counter() + seconds

    def work(number: int) -> None:
        while time.perf_counter() < end:
            _naive_call(random.randrange(len(owners)))
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def _naive_call(payer: int) -> None:
    call = uuid4()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE naive_balance SET held = held + %s WHERE id = %s AND posted - held >= %s",
            [HOLD, payer, HOLD],
        )
        cursor.execute("INSERT INTO naive_hold VALUES (%s, %s)", [call, HOLD])
    legs = [(payer, -COST), (COMPUTE, 1), (AUTHOR, 1), (HOUSE, 1)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM naive_hold WHERE call = %s", [call])
        cursor.execute("UPDATE naive_balance SET held = held - %s WHERE id = %s", [HOLD, payer])
        for account, amount in legs:  # ascending, so that nobody waits for each other
            cursor.execute(
                "UPDATE naive_balance SET posted = posted + %s WHERE id = %s", [amount, account]
            )
        cursor.execute(
            "INSERT INTO naive_entry (call, account, amount) SELECT %s, unnest(%s), unnest(%s)",
            [call, [account for account, _ in legs], [amount for _, amount in legs]],
        )


def ours(owners: list[Owner], seconds: float, folder: Path) -> float:
    """The product's road without the sandbox; over when the last call is in the books."""
    folder.mkdir(exist_ok=True)
    journal = Journal(folder)
    journal.start()
    teller = Teller(journal.id)
    teller.start()
    stopping = threading.Event()
    settler = threading.Thread(target=_settle, args=(stopping,))
    settler.start()
    began = time.perf_counter()
    calls = asyncio.run(_calls(owners, seconds, journal, teller))
    teller.stop()
    journal.stop()
    stopping.set()
    settler.join()
    took = time.perf_counter() - began
    reaping.release(journal.id)
    return calls / took


def _settle(stopping: threading.Event) -> None:
    while not stopping.wait(0.2):
        settlement.settle()
    settlement.settle()
    connection.close()


async def _calls(owners: list[Owner], seconds: float, journal: Journal, teller: Teller) -> int:
    counter = itertools.count()
    end = time.perf_counter() + seconds
    algorithm, author = uuid4(), owners[0].pk

    async def work() -> None:
        while time.perf_counter() < end:
            await _our_call(random.choice(owners), algorithm, author, journal, teller)
            next(counter)
            await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return next(counter)


async def _our_call(
    owner: Owner, algorithm: UUID, author: UUID, journal: Journal, teller: Teller
) -> None:
    chain = await teller.hold(Who(owner.pk, None, owner.user_id, algorithm), HOLD)
    call_id = uuid4()
    price = Price(rate=1_000_000, royalty=20_000, share_bps=5000, minimum_ms=10)
    bill = Bill(
        owner.pk,
        author,
        owner.user_id,
        "",
        price,
        limit_ids=chain.limit_ids,
        leased=chain.leased,
        spender=chain.spender,
    )
    journal.begin(
        Begun(
            call_id,
            call_id,
            None,
            0,
            owner.pk,
            None,
            algorithm,
            None,
            algorithm,
            1,
            is_async=False,
            started_at=time.time(),
            bill=bill,
        )
    )
    charge = Charge(Usage.Outcome.BILLED.value, 10, 1, 2, HOLD)
    journal.end(Ended(call_id, "succeeded", 1, charge=charge))
    teller.till.give(chain, HOLD, spent=charge.total)


def is_balanced() -> bool:
    """Ours has booked every call, and all that must hold does; raises what does not."""
    settlement.settle()
    require_balanced_books()
    return not Usage.objects.filter(settled_in=None, total__gt=0).exists()
