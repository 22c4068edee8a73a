"""What an account has used: the bills of its calls, grouped and filtered as it likes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import Usage
from billing.permissions import may_see_bills
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Owner
from marketplace.lib.errors import BadInput

GROUPS: Final = {
    "day": ("day",),
    "algorithm": ("path",),
    "version": ("path", "version"),
    "operation": ("path", "operation"),
    "key": ("key_id",),
    "tag": ("tag",),
}
USUAL_DAYS: Final = 30
MOST_DAYS: Final = 366
MOST_ROWS: Final = 1000
FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2999, 12, 31)
"""Near the ends of the calendar there is no day before and none after."""


@dataclass(frozen=True)
class Asked:
    """Which calls a report is about, and what makes a row of it. Days are those of UTC."""

    group_by: str = "day"
    since: date | None = None
    until: date | None = None  # the last day of it
    key: str = ""
    algorithm: str = ""
    version: str = ""
    tag: str | None = None

    @property
    def first(self) -> date:
        return self.since or self.last - timedelta(days=USUAL_DAYS - 1)

    @property
    def last(self) -> date:
        return self.until or timezone.now().astimezone(UTC).date()


@dataclass(frozen=True)
class Row:
    """Calls that have something in common, and what they cost together; micro-units."""

    name: str
    value: str
    calls: int
    billed_calls: int
    billed_ms: int
    compute: int
    royalty: int
    total: int


@dataclass(frozen=True)
class Report:
    asked: Asked
    rows: list[Row]
    total: Row


def report(owner: Owner, *, by: Actor, asked: Asked) -> Report:
    """Rows by what they cost, days by date; at most a thousand of them."""
    by.require(may_see_bills, owner)
    if asked.group_by not in GROUPS:
        raise BadInput(_("group_by is one of %(choices)s.") % {"choices": ", ".join(GROUPS)})
    found = calls(owner, asked)
    names = GROUPS[asked.group_by]
    if asked.group_by == "day":
        found = found.annotate(day=TruncDate("at", tzinfo=UTC))
    order = ("day",) if asked.group_by == "day" else ("-sum_total", *names)
    grouped = found.values(*names).annotate(**_SUMS).order_by(*order)[:MOST_ROWS]
    labels = _key_labels(grouped) if asked.group_by == "key" else {}
    rows = [_row(asked.group_by, one, labels) for one in grouped]
    whole = found.aggregate(**_SUMS)
    return Report(asked, rows, _made("", "", whole))


def calls(owner: Owner, asked: Asked) -> QuerySet[Usage]:
    """The bills that a report is about."""
    start, end = _bounds(asked)
    rows = Usage.objects.filter(payer=owner, at__gte=start, at__lt=end)
    if asked.key:
        rows = rows.filter(key_id=_uuid(asked.key))
    if asked.algorithm:
        rows = rows.filter(path__iexact=asked.algorithm)
    if asked.version:
        rows = rows.filter(version=asked.version)
    if asked.tag is not None:
        rows = rows.filter(tag=asked.tag)
    return rows


def day(text: str, *, what: str) -> date | None:
    """A day as it stands in an address; None if there is none."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not FIRST_DAY <= found <= LAST_DAY:
        raise BadInput(
            _("%(what)s is a day such as 2026-11-30, not %(text)s.")
            % {"what": what, "text": repr(text[:20])}
        )
    return found


def _bounds(asked: Asked) -> tuple[datetime, datetime]:
    if asked.last < asked.first:
        raise BadInput(_("The last day is before the first."))
    if (asked.last - asked.first).days > MOST_DAYS:
        raise BadInput(_("A report covers %(most_days)s days at most.") % {"most_days": MOST_DAYS})
    start = datetime.combine(asked.first, datetime.min.time(), tzinfo=UTC)
    end = datetime.combine(asked.last, datetime.min.time(), tzinfo=UTC) + timedelta(days=1)
    return start, end


_IS_CALL: Final = ~Q(outcome=Usage.Outcome.KEPT)
_SUMS: Final = {
    "sum_calls": Count("pk", filter=_IS_CALL),
    "sum_billed": Count("pk", filter=_IS_CALL & Q(total__gt=0)),
    "sum_ms": Sum("billed_ms"),
    "sum_compute": Sum("compute"),
    "sum_royalty": Sum("royalty"),
    "sum_total": Sum(F("total")),
}


def _key_labels(rows: Iterable[dict[str, Any]]) -> dict[UUID, str]:
    ids = [row["key_id"] for row in rows if row["key_id"]]
    return dict(APIKey.objects.filter(pk__in=ids).values_list("pk", "label"))


def _row(group: str, found: dict[str, Any], labels: dict[UUID, str]) -> Row:
    if group == "key":
        key = found["key_id"]
        name = labels.get(key, str(key)) if key else "Signed in, no key"
        return _made(name, str(key or ""), found)
    if group == "version":
        return _made(f"{found['path']}/{found['version']}", found["version"], found)
    if group == "operation":
        name = f"{found['path']}/{found['operation']}".rstrip("/")
        return _made(name, found["operation"], found)
    if group == "day":
        return _made(found["day"].isoformat(), found["day"].isoformat(), found)
    value = found["path" if group == "algorithm" else "tag"]
    return _made(value or ("No tag" if group == "tag" else "Not known"), value, found)


def _made(name: str, value: str, found: dict[str, Any]) -> Row:
    numbers = ("sum_calls", "sum_billed", "sum_ms", "sum_compute", "sum_royalty", "sum_total")
    return Row(name, value, *[found[one] or 0 for one in numbers])


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(_("%(text)s is no id of a key.") % {"text": repr(text[:60])}) from None
