"""Check receipts with nothing but the site's public key.

    python receipt_verifying.py RECEIPTS --public-key KEY

RECEIPTS holds receipts as the site gives them: one JSON object in a line, a list, or an answer
of /v1/receipts. KEY is the answer of /v1/receipts/key, or one key in base64. This file needs
Python and its `cryptography` package, nothing of the site.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_MICROCREDITS_PER_MICRO: Final = 10_000
_MS_PER_SECOND: Final = 1000


@dataclass
class Verdict:
    """What was found: what is wrong, what is missing, and what the receipts add up to."""

    count: int = 0
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    by_month: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """What left the account in each month of UTC, in micro-units."""


def canonical(receipt: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: keys in order, no space, UTF-8. There are no fractions in it."""
    text = json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def read_keys(text: str) -> dict[str, Ed25519PublicKey]:
    """Keys by their id; ValueError if there is none in the text."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        encoded = [text.strip()]
    else:
        rows = found["keys"] if isinstance(found, dict) else found
        encoded = [row["public_key"] for row in rows]
    raw = [base64.b64decode(one, validate=True) for one in encoded]
    return {key_id(one): Ed25519PublicKey.from_public_bytes(one) for one in raw}


def read_receipts(text: str) -> list[dict[str, Any]]:
    """Signed receipts out of a file, whichever of the three ways it is written."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(found, dict):
        found = found.get("receipts", [found])
    return list(found)


def verify(signed: Iterable[Mapping[str, Any]], keys: Mapping[str, Ed25519PublicKey]) -> Verdict:
    """Check every signature, every sum, and that each receipt names the one before it."""
    verdict = Verdict()
    chains: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in signed:
        verdict.count += 1
        receipt = one["receipt"]
        for fault in (*_signature_faults(one, keys), *_sum_faults(receipt)):
            verdict.wrong.append(f"Receipt {receipt.get('number')} ({receipt.get('id')}): {fault}")
        chains[str(receipt["account"]["id"])].append(receipt)
        verdict.by_month[str(receipt["booked_at"])[:7]] += receipt["charged"]
    for chain in chains.values():
        _look_along(chain, verdict)
    return verdict


def _signature_faults(
    one: Mapping[str, Any], keys: Mapping[str, Ed25519PublicKey]
) -> Iterable[str]:
    body = canonical(one["receipt"])
    key = keys.get(one["receipt"].get("key", ""))
    if key is None:
        yield f"it names the key {one['receipt'].get('key')!r}, which is not given"
        return
    try:
        key.verify(base64.b64decode(one["signature"]), body)
    except (InvalidSignature, ValueError):
        yield "it is not what was signed"


def _sum_faults(receipt: Mapping[str, Any]) -> Iterable[str]:
    paid = receipt["paid"]
    if receipt["charged"] != paid["credit"] + paid["gifts"] + paid["later"]:
        yield "what was charged is not what was paid"
    if receipt["kind"] != "call":
        return
    amounts = {meter["meter"]: meter["amount"] for meter in receipt["meters"]}
    if sum(amounts.values()) != receipt["total"]:
        yield "its meters do not sum to its total"
    if receipt["charged"] + paid["lost"] != receipt["total"]:
        yield "it was not charged what it cost"
    for meter in receipt["meters"]:
        unit = _MS_PER_SECOND if meter["meter"] == "compute" else 1
        price = meter["quantity"] * meter["unit_price_microcredits"]
        if meter["amount"] > -(-price // (unit * _MICROCREDITS_PER_MICRO)):
            yield f"its {meter['meter']} costs more than its price"
    split = receipt["royalty"]
    if split["author"] + split["house"] != amounts.get("royalty", 0):
        yield "its royalty is split wrongly"


def _look_along(chain: Sequence[Mapping[str, Any]], verdict: Verdict) -> None:
    """Each receipt of an account must name the digest of the one before."""
    by_number: dict[int, Mapping[str, Any]] = {}
    for receipt in chain:
        same = by_number.setdefault(receipt["number"], receipt)
        if canonical(same) != canonical(receipt):
            verdict.wrong.append(f"There are two different receipts {receipt['number']}.")
    before: Mapping[str, Any] | None = None
    for number in sorted(by_number):
        receipt = by_number[number]
        if before is not None and number == before["number"] + 1:
            if receipt["previous"] != hashlib.sha256(canonical(before)).hexdigest():
                verdict.wrong.append(f"Receipt {number} does not follow receipt {number - 1}.")
        elif before is not None:
            verdict.missing.append(f"{before['number'] + 1} to {number - 1}")
        before = receipt


def report(verdict: Verdict) -> str:
    lines = [*verdict.wrong]
    lines += [f"Not in the file: receipts {gap}." for gap in verdict.missing]
    for month, micro in sorted(verdict.by_month.items()):
        sign = "-" if micro < 0 else ""
        whole, rest = divmod(abs(micro), 1_000_000)
        lines.append(f"{month}: {sign}{whole}.{rest:06d} charged")
    good = "all good" if not verdict.wrong else f"{len(verdict.wrong)} faults"
    return "\n".join([*lines, f"{verdict.count} receipts, {good}."])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check receipts with a site's public key.")
    parser.add_argument("receipts", type=Path)
    parser.add_argument("--public-key", required=True, help="A file, or the key in base64")
    asked = parser.parse_args(arguments)
    place = Path(asked.public_key)
    try:
        keys = read_keys(place.read_text() if place.is_file() else asked.public_key)
        verdict = verify(read_receipts(asked.receipts.read_text()), keys)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"These are no receipts, or this is no key: {error}\n")
        return 2
    sys.stdout.write(f"{report(verdict)}\n")
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
