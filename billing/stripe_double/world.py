"""What this Stripe knows: its objects, its clock, its money, and what it has answered before."""

from __future__ import annotations

import copy
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from billing.stripe_double import schema
from billing.stripe_double.courier import Courier, Delivery
from billing.stripe_double.refusals import missing
from billing.stripe_double.schema import Json

DAY: Final = 86_400
IDEMPOTENT_FOR: Final = DAY
_KEPT: Final = ("objects", "answers", "usage", "shift", "available_after", "tax_bps")
_PREFIXES: Final = {
    "account": "acct", "balance_transaction": "txn", "billing.alert": "alrt_test",
    "billing.credit_grant": "credgr_test", "billing.meter": "mtr_test", "billing_portal.configuration": "bpc",
    "billing_portal.session": "bps", "charge": "ch", "checkout.session": "cs_test", "credit_note": "cn",
    "customer": "cus", "customer_balance_transaction": "cbtxn", "dispute": "dp", "event": "evt",
    "invoice": "in", "invoiceitem": "ii", "invoice_payment": "inpay", "line_item": "il",
    "payment_intent": "pi", "payment_method": "pm", "payout": "po", "price": "price", "product": "prod",
    "refund": "re", "setup_intent": "seti", "subscription": "sub", "subscription_item": "si",
    "test_helpers.test_clock": "clock", "transfer": "tr", "transfer_reversal": "trr", "item": "li",
    "v2.core.account": "acct", "v2.core.event": "evt_test", "v2.core.event_destination": "ed_test",
    "webhook_endpoint": "we",
}  # fmt: skip
_TICKS: list[Callable[[World], None]] = []


@dataclass
class Fault:
    """What goes wrong with the next requests whose path holds `path`.

    `before`: nothing is done and the status is answered. `after`: it is done, and the answer
    is lost on the way.
    """

    path: str
    when: str = "before"
    status: int = 500
    times: int = 1


@dataclass(frozen=True)
class Request:
    """One request as it came, for those who ask what was sent."""

    verb: str
    path: str
    operation: str
    params: Json
    key: str | None
    version: str | None


def on_tick(work: Callable[[World], None]) -> Callable[[World], None]:
    """Have this done whenever the clock may have moved."""
    _TICKS.append(work)
    return work


class World:
    """All state of one double. Whoever reads or changes it holds `lock`."""

    def __init__(self, *, key: str, pages: str = "", file: Path | None = None) -> None:
        self.schema = schema.load()
        self.lock = threading.RLock()
        self.key = key
        self.pages = pages  # "" for our own address, or a path of the site that forwards to us
        self.base = ""
        self.courier = Courier(self.note_delivery)
        self._file = file
        self.reset()
        if file is not None and file.exists():
            for name, value in json.loads(file.read_text()).items():
                setattr(self, name, value)

    def reset(self) -> None:
        """Forget everything."""
        self.objects: dict[str, dict[str, Json]] = {}
        self.answers: dict[str, list[Any]] = {}
        self.usage: dict[str, Json] = {}
        self.shift = 0
        self.available_after = 0
        self.tax_bps = 0
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.unimplemented: set[str] = set()
        self.wrong_answers: list[str] = []
        self.check_answers = False
        self.courier.reset()

    def save(self) -> None:
        """Write the state down, where this double has a file, so that a restart finds it."""
        if self._file is None:
            return
        beside = self._file.with_suffix(".new")
        beside.touch(mode=0o600)
        beside.write_text(json.dumps({name: getattr(self, name) for name in _KEPT}))
        beside.replace(self._file)

    # Time

    def now(self) -> int:
        return int(time.time()) + self.shift

    def advance(self, seconds: int) -> None:
        """Move the clock, and do what falls due."""
        self.shift += seconds
        self.tick()

    def tick(self) -> None:
        for work in _TICKS:
            work(self)

    # Objects

    def make(self, kind: str, **fields: object) -> Json:
        """A new object, blank but for these fields."""
        made = self.schema.blank(kind)
        prefix = _PREFIXES.get(kind, kind.rsplit(".", maxsplit=1)[-1])
        made["id"] = f"{prefix}_{secrets.token_hex(10)}"
        made["object"] = kind
        made["created"] = self.iso() if kind.startswith("v2.") else self.now()
        made.update(fields)
        self.objects.setdefault(kind, {})[made["id"]] = made
        return made

    def get(self, kind: str, id_: object) -> Json:
        found = self.objects.get(kind, {}).get(str(id_))
        if found is None:
            raise missing(kind, id_)
        return found

    def all(self, kind: str) -> list[Json]:
        return list(self.objects.get(kind, {}).values())

    def anything(self, id_: str) -> Json | None:
        """The object with this id, of whatever kind."""
        return next((ones[id_] for ones in self.objects.values() if id_ in ones), None)

    def iso(self, at: int | None = None) -> str:
        return time.strftime(
            "%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.now() if at is None else at)
        )

    def page(self, path: str, beside: str | None) -> str:
        """The address of a page of ours; forwarded by a site, it is where the visitor came from."""
        if not self.pages or not beside:
            return f"{self.base}/page/{path}"
        site = urlsplit(beside)
        return f"{site.scheme}://{site.netloc}{self.pages}/{path}"

    # Events

    def emit(self, type_: str, about: Json) -> Json:
        """Tell every endpoint that asked for it what has happened, with the object as it is now."""
        event = self.make(
            "event",
            type=type_,
            api_version=self.schema.version,
            data={"object": public(about)},
            request={"id": None, "idempotency_key": None},
        )
        event["_delivered"] = True
        self._send(event, "webhook_endpoint", public(event))
        return event

    def emit_thin(self, type_: str, meter: Json, data: Json) -> Json:
        """A thin event: what is sent names the object; the rest has to be fetched."""
        related = {
            "id": meter["id"],
            "type": "billing.meter",
            "url": f"/v1/billing/meters/{meter['id']}",
        }
        has_object = bool(meter["id"])
        event = self.make("v2.core.event", type=type_, data=data)
        event["_delivered"] = True
        if has_object:
            event["related_object"] = related
        notification = {
            name: one for name, one in public(event).items() if name not in ("data", "changes")
        }
        self._send(event, "v2.core.event_destination", notification)
        return event

    def deliver_again(self, event_id: str, times: int = 1) -> None:
        """Send it once more, as Stripe does when it is unsure."""
        event = self.get("event", event_id)
        for _ in range(times):
            self._send(event, "webhook_endpoint", public(event))

    def note_delivery(self, event_id: str, *, arrived: bool) -> None:
        with self.lock:
            event = self.anything(event_id)
            if event is not None:
                event["_delivered"] = arrived
                event["pending_webhooks"] = 0 if arrived else 1

    def _send(self, event: Json, kind: str, payload: Json) -> None:
        for url, secret in self._endpoints(kind, event["type"]):
            event["_delivered"] = False
            self.courier.take(Delivery(event["id"], url, secret, json.dumps(payload)))

    def _endpoints(self, kind: str, type_: str) -> Iterator[tuple[str, str]]:
        for one in self.all(kind):
            wanted = one["enabled_events"]
            if one["status"] == "enabled" and (type_ in wanted or "*" in wanted):
                yield one["_url"], one["_secret"]


def public(given: Json) -> Json:
    """A copy without what only we know (`_names`)."""
    made: Json = copy.deepcopy(
        {name: one for name, one in given.items() if not name.startswith("_")}
    )
    return made
