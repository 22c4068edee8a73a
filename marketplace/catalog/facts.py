"""What a caller should know before calling, in words: price, internet, machine, source."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from algorithms.models import Algorithm, Version
from marketplace.lib.money import format_credits, in_dollars


@dataclass(frozen=True)
class Fact:
    icon: str
    text: str
    explanation: str
    kind: str = ""


def of(algorithm: Algorithm, version: Version | None) -> list[Fact]:
    """Of the version if there is one; of the algorithm's settings while it is a draft."""
    settled = version or algorithm
    return [
        price(settled.royalty_microcredits),
        _internet(settled.network_access),
        *_others(may_call_others=settled.may_call_others),
        *_machine(algorithm),
        _kept(keeps_insights=settled.keeps_insights),
        _source(algorithm),
    ]


def price(royalty_microcredits: int) -> Fact:
    if not royalty_microcredits:
        return Fact("coin", _("Free"), _("The author asks for nothing per call."), "success")
    credits_ = format_credits(royalty_microcredits)
    amount = f"${in_dollars(royalty_microcredits):f}"
    return Fact(
        "coin",
        _("%(amount)s a call") % {"amount": amount},
        _(
            "The author's royalty: %(credits)s credits a call, %(amount)s. "
            "A call that fails costs nothing."
        )
        % {"credits": credits_, "amount": amount},
    )


def _internet(network_access: str) -> Fact:
    if network_access == Algorithm.NetworkAccess.FULL:
        return Fact(
            "internet",
            _("Uses the internet"),
            _("Its code can reach public addresses, so your input could leave this site."),
            "warning",
        )
    return Fact(
        "shield",
        _("No internet access"),
        _("Its code runs in a sandbox without a network: your input cannot leave it."),
    )


def _others(*, may_call_others: bool) -> list[Fact]:
    text = _("It may call other algorithms in your name while it runs.")
    return [Fact("branch", _("Calls other algorithms"), text)] if may_call_others else []


def _machine(algorithm: Algorithm) -> list[Fact]:
    if not algorithm.environment.is_gpu:
        return []
    return [
        Fact(
            "chip",
            _("Runs on a GPU"),
            _("Environment %(name)s.") % {"name": algorithm.environment.display_name},
        )
    ]


def _kept(*, keeps_insights: bool) -> Fact:
    if keeps_insights:
        return Fact(
            "file",
            _("Data kept"),
            _(
                "Its author keeps, for 30 days, what the code reports about each call: figures and "
                "words that may come from your input. Who called is not told with them."
            ),
            "warning",
        )
    return Fact(
        "file",
        _("Input not stored"),
        _(
            "What you send and get is not kept, unless you leave the call (output=void) or keep the "
            "run. Who called, when and for how long is recorded."
        ),
    )


def _source(algorithm: Algorithm) -> Fact:
    if algorithm.source_visibility == Algorithm.SourceVisibility.OPEN:
        return Fact("source", _("Open source"), f"{algorithm.get_license_display()}.")
    return Fact("lock", _("Closed source"), _("Only its owner sees the source."))
