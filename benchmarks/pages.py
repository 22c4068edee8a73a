"""What the public pages cost the server and the reader, and how that grows with the catalogue.

A throw-away PostgreSQL is filled with made-up algorithms twice, few and many. Every kind of page
is asked for at many addresses through the whole of Django, without a socket: server time,
database queries, and bytes as they travel. Read the ratios: times belong to the machine.

    python -m benchmarks.pages [--counts 500,50000] [--rounds 40] [--database postgres|sqlite]
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path

from tests.servers import postgres

BUDGET_MS = 100.0
WORDS = (
    *("face", "invoice", "language", "digit detector", "modern ranker", "table extractor"),
    *("speech transcriber", "in one pass", "spam", "molecule", "classifier", "outlier predictor"),
)
FILTERS = (
    *("task=vision", "task=text&price=free", "language=rust", "machine=gpu&internet=isolated"),
    *("price=free&price=tiny&license=mit", "input=image&output=image", "internet=full"),
    *("task=geo&task=web&language=r", "language=scala&machine=cpu&output=number"),
)
SORTS = ("trending", "newest", "fastest", "cheapest", "success", "stars")


@dataclass(frozen=True)
class Figures:
    """One kind of page."""

    p50: float
    p95: float
    queries: int
    size: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default="500,50000")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--database", default="postgres", choices=["postgres", "sqlite"])
    parser.add_argument("--json", action="store_true", help="also print the figures as JSON")
    parser.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        print(json.dumps({name: asdict(f) for name, f in _inside(options).items()}))
        return
    counts = [int(count) for count in options.counts.split(",")]
    results = [_outside(count, options) for count in counts]
    _print(counts, results)
    if options.json:
        print(json.dumps([{name: asdict(f) for name, f in each.items()} for each in results]))


def _outside(count: int, options: argparse.Namespace) -> dict[str, Figures]:
    """A process of its own for each catalogue, since one process has one database."""
    command = [sys.executable, "-m", "benchmarks.pages", "--inside", str(count)]
    command += ["--rounds", str(options.rounds)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = {**os.environ, "DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        environment["SECRET_KEY"] = "benchmark"
        if options.database == "sqlite":
            environment["DATABASE_URL"] = f"sqlite:///{Path(folder) / 'site.sqlite3'}"
            return _measured_in(command, environment)
        with postgres() as address:
            return _measured_in(command, environment | {"DATABASE_URL": address})


def _measured_in(command: list[str], environment: dict[str, str]) -> dict[str, Figures]:
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return {name: Figures(**figures) for name, figures in found.items()}


def _inside(options: argparse.Namespace) -> dict[str, Figures]:
    import django  # noqa: PLC0415 - settings are chosen by the process that starts this one

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("seed_catalog", count=options.inside)
    client = Client()

    def ask(address: str) -> tuple[float, bytes]:
        start = time.perf_counter()
        response = client.get(address)
        taken = time.perf_counter() - start
        if response.status_code != 200:
            raise SystemExit(f"{address} answered {response.status_code}")
        return taken * 1000, response.content

    found = {}
    for name, addresses in _pages().items():
        sizes = [len(gzip.compress(ask(address)[1], 6)) for address in addresses]
        with CaptureQueriesContext(connection) as queries:
            ask(addresses[0])
        asked = len(queries)  # now: the next request empties the list
        times = sorted(ask(address)[0] for address in islice(cycle(addresses), options.rounds))
        p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
        size = round(statistics.mean(sizes))
        found[name] = Figures(statistics.median(times), p95, asked, size)
    return found


def _pages() -> dict[str, list[str]]:
    """Kinds of pages, each with addresses that differ in what they ask of the database."""
    from algorithms.models import Algorithm  # noqa: PLC0415 - needs the settings
    from marketplace.catalog.models import Category, Tag  # noqa: PLC0415

    rows = Algorithm.objects.filter(is_listed=True).select_related("owner")
    shown = [*rows.order_by("-trending", "pk")[:6], *rows.order_by("trending", "pk")[:6]]
    paths = [f"/algorithms/{one.owner.name}/{one.name}/" for one in shown]
    return {
        "home": ["/"],
        "explore": ["/explore/"],
        "explore, sorted": [f"/explore/?sort={sort}" for sort in SORTS],
        "explore, page 20": [f"/explore/?sort={sort}&page=20" for sort in SORTS],
        "explore, filtered": [f"/explore/?{each}" for each in FILTERS],
        "filtered and sorted": [f"/explore/?{f}&sort={s}" for f in FILTERS for s in SORTS],
        "search": [f"/explore/?q={words}" for words in WORDS],
        "search, filtered": [f"/explore/?q={w}&{f}" for w in WORDS for f in FILTERS[:3]],
        "search, misspelt": [f"/explore/?q={words}" for words in ("langage", "invioce", "molecle")],
        "search, nothing": ["/explore/?q=zzyzx&price=free", "/explore/?q=face&task=graphs"],
        "category": [f"/categories/{each.slug}/" for each in Category.objects.all()],
        "tag": [f"/tags/{tag.name}/" for tag in Tag.objects.all()[:12]],
        "owner": [f"/u/{one.owner.name}/" for one in shown],
        "algorithm": paths,
        "algorithm, status": [f"{path}status/" for path in paths],
        "algorithm, stargazers": [f"{path}stargazers/" for path in paths],
        "feed of a search": [f"/explore/feed/?{each}" for each in FILTERS],
    }


def _print(counts: list[int], results: list[dict[str, Figures]]) -> None:
    last = results[-1]
    heads = "".join(f" | {count:>7}: p50    p95  queries  bytes gz" for count in counts)
    print(f"{'milliseconds':22}{heads} | p95 x  bytes x")
    for name in last:
        row = "".join(
            f" | {each[name].p50:12.1f} {each[name].p95:6.1f} {each[name].queries:8} {each[name].size:9}"
            for each in results
        )
        first = results[0][name]
        mark = "" if last[name].p95 <= BUDGET_MS else f"  over {BUDGET_MS:.0f} ms"
        ratio = f"{last[name].p95 / first.p95:5.2f} {last[name].size / first.size:8.2f}"
        print(f"{name:22}{row} | {ratio}{mark}")


if __name__ == "__main__":
    main()
