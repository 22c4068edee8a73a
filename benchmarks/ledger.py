"""What the money of a call costs: admitted, recorded and settled, beside the ledger one writes first.

Ours is the product's own code: the till and the teller admit, the journal records call and
bill, settlement books them. The naive ledger does what textbooks do: a transaction that sets
the money aside, and one at the end that moves four balances and writes four entries. Both run
on the same throw-away PostgreSQL in the same run, in turns; read the ratios.

    python -m benchmarks.ledger [--seconds 4] [--rounds 3] [--workers 8]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import django

from tests import servers

ROOT = Path(__file__).resolve().parent.parent
CASES = ((1, "one hot payer"), (1000, "a thousand payers"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=8)
    options = parser.parse_args()
    with servers.postgres() as address, tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATABASE_URL": address,
            "DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "marketplace.settings",
            "FREE_CREDITS_PER_MONTH": "0",
        }
        manage = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(manage, cwd=ROOT, check=True)
        django.setup()
        from benchmarks import ledger_roads as roads  # noqa: PLC0415 - the settings come first

        print(f"{'':20} {'naive, calls/s':>15} {'ours, calls/s':>15} {'ratio':>7}")
        for payers, name in CASES:
            owners = roads.prepare(payers)
            naive, ours = [], []
            for _ in range(options.rounds):
                naive.append(roads.naive(owners, options.seconds, options.workers))
                ours.append(roads.ours(owners, options.seconds, Path(folder) / "journal"))
            one, other = statistics.median(naive), statistics.median(ours)
            print(f"{name:20} {one:15.0f} {other:15.0f} {other / one:7.1f}")
        print(f"Books balanced: {roads.is_balanced()}")


if __name__ == "__main__":
    main()
