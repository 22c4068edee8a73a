"""Money over /v1: quotes before a call, budgets, and the operator's stop. Our addition to the wire.

Amounts go in and out as decimals of the site's currency, in text, so that nothing is rounded.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.response import Response

from algorithms import quoting, resolving
from billing import budgets
from billing.budgets import Standing, Subject
from billing.models import Budget
from marketplace.accounts.models import Owner
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.compat.finding import owner_at
from marketplace.lib.errors import BadInput, NotSignedIn
from marketplace.lib.money import format_dollars, parse_dollars


class QuoteView(ActorAPIView):
    """POST /v1/quote/OWNER/NAME[/VERSION], with `{"timeout": 60, "max_cost": "0.05"}` or nothing."""

    def post(self, request: APIRequest, owner: str, name: str, version: str = "") -> Response:
        asked = json_object(request, may_be_empty=True)
        target = resolving.resolve(owner, name, version, by=request.actor)
        most = asked.get("max_cost")
        found = quoting.quote(
            target,
            by=request.actor,
            timeout=_timeout(asked.get("timeout", settings.CALL_TIMEOUT_DEFAULT)),
            max_cost=None if most is None else parse_dollars(str(most), what="max_cost"),
        )
        return Response(
            {
                "algorithm": target.path,
                "version": target.label,
                "currency": settings.CURRENCY,
                "royalty": format_dollars(found.price.royalty_micro),
                "royalty_microcredits": found.price.royalty,
                "rate_microcredits_per_second": found.price.rate,
                "minimum_ms": found.price.minimum_ms,
                "least": format_dollars(found.least),
                "reserves": format_dollars(found.reserves),
                "duration": {
                    "calls": found.calls,
                    "p50": _seconds(found.p50_us),
                    "p95": _seconds(found.p95_us),
                },
                "cost": {"p50": _dollars(found.p50_cost), "p95": _dollars(found.p95_cost)},
                "limits": [
                    {
                        "kind": bound.kind,
                        "name": bound.name,
                        "left": format_dollars(bound.left),
                        "resets_at": bound.resets_at,
                    }
                    for bound in found.bounds
                ],
                "stopped": found.stopped or None,
                "affordable": found.is_affordable,
            }
        )


class BudgetsView(ActorAPIView):
    """GET and POST /v1/budgets: those of one owner, the actor's own unless `owner` says otherwise."""

    def get(self, request: APIRequest) -> Response:
        owner = _owner(request, request.query_params.get("owner", ""))
        return Response([_shown(one) for one in budgets.of(owner, by=request.actor)])

    def post(self, request: APIRequest) -> Response:
        asked = json_object(request, required=["period", "amount"])
        budget = budgets.create(
            _owner(request, str(asked.get("owner", ""))),
            by=request.actor,
            subject=_subject(request, asked),
            period=str(asked["period"]),
            amount=parse_dollars(str(asked["amount"])),
        )
        return Response(_shown(*budgets.standings([budget])), status=201)


class BudgetView(ActorAPIView):
    """GET, PUT and DELETE /v1/budgets/ID."""

    def get(self, request: APIRequest, budget_id: UUID) -> Response:
        return Response(_shown(*budgets.standings([budgets.find(budget_id, by=request.actor)])))

    def put(self, request: APIRequest, budget_id: UUID) -> Response:
        asked = json_object(request, required=["amount"])
        budget = budgets.find(budget_id, by=request.actor)
        amount = parse_dollars(str(asked["amount"]))
        changed = budgets.change(budget, by=request.actor, amount=amount)
        return Response(_shown(*budgets.standings([changed])))

    def delete(self, request: APIRequest, budget_id: UUID) -> Response:
        budgets.end(budgets.find(budget_id, by=request.actor), by=request.actor)
        return Response(status=204)


class SpendStopView(ActorAPIView):
    """GET, POST and DELETE /v1/spend-stop: staff's emergency brake on all paid calls."""

    def get(self, request: APIRequest) -> Response:
        if request.actor.is_anonymous:
            raise NotSignedIn("Send an API key to ask whether calls are stopped.")
        stop = budgets.present_stop()
        since = stop.since if stop else None
        return Response({"reason": stop.reason if stop else None, "since": since})

    def post(self, request: APIRequest) -> Response:
        asked = json_object(request, required=["reason"])
        stop = budgets.stop_everything(by=request.actor, reason=str(asked["reason"]))
        return Response({"reason": stop.reason, "since": stop.since}, status=201)

    def delete(self, request: APIRequest) -> Response:
        budgets.lift_stop(by=request.actor)
        return Response(status=204)


def _owner(request: APIRequest, name: str) -> Owner:
    if name:
        return owner_at(name)
    if request.actor.owner_id is None:
        raise NotSignedIn("Send an API key, or sign in, to see budgets.")
    return Owner.objects.get(pk=request.actor.owner_id)


def _subject(request: APIRequest, asked: dict[str, Any]) -> Subject:
    """`key` is a key's id, `member` a person's name, `algorithm` owner/name; none of them: all."""
    named = [name for name in ("key", "member", "algorithm") if asked.get(name)]
    if len(named) > 1:
        raise BadInput("A budget bounds one thing: a key, a member or an algorithm.")
    if "key" in named:
        return Subject(Budget.Scope.KEY, key_id=_uuid(str(asked["key"])))
    if "member" in named:
        return Subject(Budget.Scope.MEMBER, username=str(asked["member"]))
    if "algorithm" in named:
        owner, _, name = str(asked["algorithm"]).partition("/")
        found = resolving.find(owner, name, by=request.actor)
        return Subject(Budget.Scope.ALGORITHM, algorithm_id=found.pk, algorithm_path=str(found))
    return Subject()


def _shown(standing: Standing) -> dict[str, object]:
    budget = standing.budget
    return {
        "id": budget.pk,
        "scope": budget.scope,
        "subject": budget.subject,
        "period": budget.period,
        "amount": format_dollars(budget.amount),
        "spent": format_dollars(standing.spent),
        "held": format_dollars(standing.held),
        "left": format_dollars(standing.left),
        "resets_at": standing.resets_at,
        "currency": settings.CURRENCY,
    }


def _timeout(value: object) -> float:
    limit = settings.CALL_TIMEOUT_MAX
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < float(str(value)) <= limit:
        raise BadInput(f"timeout is a number of seconds up to {limit}.")
    return float(str(value))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(f"{text[:60]!r} is no id of a key.") from None


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6


def _dollars(micro: int | None) -> str | None:
    return None if micro is None else format_dollars(micro)
