"""Give an algorithm a gate, change it, or take it away."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from algorithms import resolving
from algorithms.gates import rows as gate_rows
from algorithms.models import Algorithm, Demands, Evaluation, Gate
from algorithms.permissions import may_edit, may_see_builds
from data_collections import files, uris
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, MarketplaceError

SHOWN: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """All that can be said of a gate."""

    rows: str
    metric: str = Demands.Metric.ACCURACY
    answer_at: str = ""
    evaluator: str = ""
    rule: str = Demands.Rule.BETTER
    margin: float = 0.0
    confidence: int = 95
    bound: float | None = None
    most_ms: int | None = None
    most_micros: int | None = None
    publishes_pushes: bool = False


def of(algorithm: Algorithm, *, by: Actor) -> Gate | None:
    by.require(may_see_builds, algorithm)
    return Gate.objects.filter(algorithm=algorithm).first()


def evaluations(algorithm: Algorithm, *, by: Actor) -> list[Evaluation]:
    """The newest reports, those that were refused included."""
    by.require(may_see_builds, algorithm)
    rows = algorithm.evaluations.select_related("version", "champion", "build", "asked_by")
    return list(rows[:SHOWN])


def put(algorithm: Algorithm, wanted: Wanted, *, by: Actor) -> Gate:
    """Keep the gate, if its rows are there, can be read by whoever asks, and by no algorithm."""
    by.require(may_edit, algorithm)
    files.find(uris.parse(wanted.rows), by=by)
    gate_rows.read(algorithm, wanted.rows)
    _check_evaluator(wanted, by)
    gate = Gate.objects.filter(algorithm=algorithm).first() or Gate(algorithm=algorithm)
    for field in fields(Wanted):
        setattr(gate, field.name, getattr(wanted, field.name))
    gate.changed_by_id = by.user_id
    try:
        gate.full_clean(exclude=["algorithm", "changed_by"])
    except ValidationError as error:
        raise BadInput(" ".join(error.messages)) from None
    gate.save()
    audit.record(by, "set the gate", algorithm, metric=gate.metric, rule=gate.rule, rows=gate.rows)
    return gate


def remove(algorithm: Algorithm, *, by: Actor) -> None:
    """From now on every build can be published; what was found before stays."""
    by.require(may_edit, algorithm)
    if Gate.objects.filter(algorithm=algorithm).delete()[0]:
        audit.record(by, "removed the gate", algorithm)


def _check_evaluator(wanted: Wanted, asker: Actor) -> None:
    if wanted.metric != Demands.Metric.EVALUATOR:
        return
    owner, name, version = [*wanted.evaluator.split("/"), "", "", ""][:3]
    if not owner or not name:
        raise BadInput(_("Name the evaluator as owner/name/1.2.3."))
    try:
        resolving.resolve(owner, name, version, by=asker)
    except MarketplaceError as error:
        raise BadInput(
            _("The evaluator cannot be called: %(error)s") % {"error": error.message}
        ) from None
