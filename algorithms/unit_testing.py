"""Run an algorithm's own unit tests where its calls run: in a sandbox, on a build."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import orjson
from django.utils.translation import gettext as _

from algorithms import gateway, resolving
from algorithms.gateway import Ask
from algorithms.models import Build
from algorithms.permissions import may_build
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, Conflict, Unavailable
from runners.specs import Kind

SECONDS: Final = 300.0


def run(build: Build, *, by: Actor) -> dict[str, Any]:
    """Run the tests of a build with the network and the secrets of its calls; give the report.

    The report has `passed`, `failed`, `skipped`, `tests` (name, outcome, seconds, message)
    and `printed`.
    """
    by.require(may_build, build.algorithm)
    if build.state != Build.State.SUCCEEDED:
        raise Conflict(_("Tests run on a build that succeeded; build this commit first."))
    target = resolving.of_build(build, by=by)
    target = replace(target, spec=replace(target.spec, contract="tests"))
    answer = gateway.call_now(target, by=by, ask=Ask(Kind.VOID, b"", SECONDS))
    outcome = answer.outcome
    if outcome.failure is not None and outcome.failure.is_platform_fault:
        raise Unavailable(
            _("The tests could not be run: %(message)s") % {"message": outcome.failure.message}
        )
    if outcome.failure is not None:
        raise BadInput(
            _("The tests ended before they were done: %(message)s")
            % {"message": outcome.failure.message}
        )
    report: dict[str, Any] = orjson.loads(outcome.body)
    return {
        **report,
        "commit": build.commit,
        "printed": outcome.stdout.decode(errors="replace"),
    }
