"""What a warm call costs, beside a bare FastAPI echo measured in the same run.

Ours is authenticated, permission-checked, recorded, sandboxed, metered and paid; the reference
does nothing but decode JSON and encode it again. A second site of ours asks nothing for computing,
so that no credit is set aside, booked or taken: the difference is the price of money. Read the
ratios: absolute figures belong to the machine.

    python -m benchmarks.call [--seconds 4] [--rounds 3] [--backend bubblewrap]
"""

from __future__ import annotations

import argparse
import json
import statistics

from benchmarks import servers
from benchmarks.load import Figures, Target, generator, measure

JSON = {"Content-Type": "application/json"}
BODY = b'{"name":"world","values":[1,2,3]}'
CONNECTIONS = (1, 8, 64)
REFERENCE = "FastAPI echo, bare"
PAID, FREE = "Agorithm, whole road", "Agorithm, nothing to pay"
SOURCE = "def apply(input):\n    return input\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backend", default="bubblewrap")
    parser.add_argument("--json", action="store_true", help="also print the medians as JSON")
    options = parser.parse_args()
    with (
        servers.fastapi_echo() as echo_port,
        servers.site(options.backend, SOURCE) as site,
        servers.site(options.backend, SOURCE, CPU_RATE="0") as free,
    ):
        roads = {
            REFERENCE: Target(echo_port, "/echo", BODY, JSON),
            PAID: _calls(site),
            FREE: _calls(free),
        }
        results = _measure(roads, options.seconds, options.rounds)
    _print(results)
    if options.json:
        print(json.dumps({f"{road}@{n}": vars(f) for (road, n), f in results.items()}))


def _calls(site: servers.Site) -> Target:
    key = {"Authorization": f"Simple {site.key}"}
    return Target(site.port, f"/v1/algo/{site.path}", BODY, JSON | key)


def _measure(
    roads: dict[str, Target], seconds: float, rounds: int
) -> dict[tuple[str, int], Figures]:
    """Medians over rounds in which the roads take turns, so that a busy moment hits both."""
    found: dict[tuple[str, int], list[Figures]] = {}
    for target in roads.values():  # warm up
        measure(target, connections=8, seconds=1.0)
    for _ in range(rounds):
        for connections in CONNECTIONS:
            for road, target in roads.items():
                figures = measure(target, connections=connections, seconds=seconds)
                found.setdefault((road, connections), []).append(figures)
    return {key: _median(figures) for key, figures in found.items()}


def _median(figures: list[Figures]) -> Figures:
    return Figures(
        p50=statistics.median(one.p50 for one in figures),
        p99=statistics.median(one.p99 for one in figures),
        per_second=statistics.median(one.per_second for one in figures),
        failures=sum(one.failures for one in figures),
    )


def _print(results: dict[tuple[str, int], Figures]) -> None:
    print(f"Asked by {generator()}.")
    print(
        f"{'':25} {'conn':>4} {'p50 ms':>8} {'p99 ms':>8} {'req/s':>8} {'p50 x':>6} {'req/s x':>7} {'failed':>6}"
    )
    for (road, connections), one in results.items():
        base = results[(REFERENCE, connections)]
        print(
            f"{road:25} {connections:4} {one.p50:8.3f} {one.p99:8.3f} {one.per_second:8.0f} "
            f"{one.p50 / base.p50:6.2f} {one.per_second / base.per_second:7.2f} {one.failures:6}"
        )
    for connections in CONNECTIONS:
        paid, free = results[(PAID, connections)], results[(FREE, connections)]
        print(
            f"Money at {connections}: {paid.p50 - free.p50:+.3f} ms at the median, "
            f"{paid.per_second / free.per_second - 1:+.0%} calls/s"
        )


if __name__ == "__main__":
    main()
