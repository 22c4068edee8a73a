"""A good build becomes a version: numbered, priced, tried with its sample, and never changed again.

The author chooses which part of the number rises, but never less than what callers were
promised asks for (terms.py).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from algorithms import approvals, authoring, dating, gateway, resolving
from algorithms.authoring import Settings
from algorithms.gates import judging
from algorithms.gateway import Ask
from algorithms.models import Algorithm, Build, Version
from algorithms.permissions import may_publish, may_publish_for_everyone
from algorithms.schemas import (
    NOT_KNOWN,
    Difference,
    Schemas,
    compare,
    infer,
    of_version,
    smallest_part,
)
from algorithms.terms import Terms, smallest_bump, terms_of
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, Conflict, Unavailable
from marketplace.lib.semver import Part, SemVer
from runners.specs import Kind, Network, Outcome

FIRST: Final = SemVer(0, 1, 0)
SAMPLE_SECONDS: Final = 300.0
NOTES_LENGTH: Final = 20_000
OUTPUT_LENGTH: Final = 1_000_000
ALREADY_PUBLISHED: Final = 1007

_ORDER: Final = (Part.REVISION, Part.MINOR, Part.MAJOR)


@dataclass(frozen=True, slots=True)
class Plan:
    """What publishing now would do: shown before, done after."""

    build: Build
    terms: Terms
    settings: Settings
    newest: SemVer | None
    smallest: Part
    reasons: tuple[str, ...]
    schemas: Schemas = NOT_KNOWN
    differences: tuple[Difference, ...] = ()
    """What callers of the newest version would notice in what goes in and comes out."""

    changed: frozenset[str] = frozenset()
    """The settings that publishing itself changes; all others stay what they are by then."""

    def number(self, part: Part) -> SemVer:
        return FIRST if self.newest is None else self.newest.bump(part)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that may rise."""
        return _ORDER[_ORDER.index(self.smallest) :]


def publish(  # noqa: PLR0913 - each is a field of the dialog
    algorithm: Algorithm,
    *,
    by: Actor,
    part: Part | None = None,
    callability: str | None = None,
    release_notes: str = "",
    schemas: Schemas | None = None,
    build: Build | None = None,
    heard: Callable[[int, int], None] | None = None,
    **changes: Any,  # noqa: ANN401 - fields of authoring.Settings, checked there
) -> Version:
    """Give the newest successful build the next version number.

    Without a part a minor release is made, or a major one if the terms need it. Settings
    named in `changes` are kept in the algorithm too. The sample input, if there is one, is
    run on the build and must succeed: its output is stored as the sample output. If the
    algorithm has a gate, the build must pass it. Schemas are inferred unless the author
    gives them. With a build, that one must still be the newest; `heard` is told how many rows
    of the gate have been asked, and of how many.
    """
    by.require(may_publish, algorithm)
    if len(release_notes) > NOTES_LENGTH:
        raise BadInput(
            _("Release notes have %(notes_length)s characters at most.")
            % {"notes_length": NOTES_LENGTH}
        )
    plan = planned(algorithm, by=by, callability=callability, schemas=schemas, **changes)
    if build is not None and build != plan.build:
        raise _newer_build()
    check_part(plan, part)
    sample_output = _run_sample(plan, by=by)
    if schemas is None:
        plan = replace(plan, schemas=infer(plan.build, plan.settings.sample_input, sample_output))
    evaluation = judging.judged(plan.build, by=by, heard=heard)
    try:
        version = _write(plan, algorithm.pk, by=by, part=part, texts=(release_notes, sample_output))
    except IntegrityError:  # somebody published at the same moment
        raise _already_published() from None
    judging.kept(evaluation, version)
    return version


def planned(
    algorithm: Algorithm,
    *,
    by: Actor,
    callability: str | None = None,
    schemas: Schemas | None = None,
    **changes: Any,  # noqa: ANN401 - fields of authoring.Settings, checked there
) -> Plan:
    """Work out what publishing now would do, without doing it."""
    by.require(may_publish, algorithm)
    newest = algorithm.versions.newest_first().first()
    chosen = callability or (newest.callability if newest else Version.Callability.PRIVATE)
    if chosen not in Version.Callability.values:
        raise BadInput(
            _("A version is public or private, not %(chosen)s.") % {"chosen": repr(chosen)}
        )
    if chosen == Version.Callability.PUBLIC:
        by.require(may_publish_for_everyone, algorithm)
    build = _publishable(algorithm)
    wanted = authoring.checked_changes(algorithm, changes)
    terms = Terms(
        callability=chosen,
        royalty_microcredits=wanted.royalty_microcredits,
        network_access=wanted.network_access,
        may_call_others=wanted.may_call_others,
        keeps_insights=wanted.keeps_insights,
    )
    known = schemas or infer(build, wanted.sample_input)
    plan = Plan(build, terms, wanted, None, Part.REVISION, (), known, (), frozenset(changes))
    if newest is None:
        return plan
    promised = _promised(newest)
    kept = terms_of(promised) if promised is not None else None
    demands = [
        smallest_bump(terms_of(newest), terms, promised=kept),
        smallest_part(promised, known),
    ]
    return replace(
        plan,
        newest=newest.number,
        smallest=max((part for part, _ in demands), key=_ORDER.index),
        reasons=tuple(reason for _, reasons in demands for reason in reasons),
        differences=tuple(compare(of_version(newest), known)),
    )


def _promised(newest: Version) -> Version | None:
    """The version whose terms and schemas all callers of the present major rely on."""
    same_major = newest.algorithm.versions.public().filter(major=newest.major)
    return same_major.newest_first().first()


def _publishable(algorithm: Algorithm) -> Build:
    """The newest successful build, if it is not a version already."""
    succeeded = algorithm.builds.succeeded().select_related(
        "algorithm__owner", "environment", "dependencies"
    )
    newest = succeeded.order_by("-created_at").first()
    if newest is None:
        raise BadInput(
            _("%(algorithm)s has no successful build yet. Please compile your algorithm.")
            % {"algorithm": algorithm},
            wire_code=ALREADY_PUBLISHED,
        )
    if Version.objects.filter(build=newest).exists():
        raise _already_published()
    return newest


def _already_published() -> BadInput:
    return BadInput(
        _("Version already published. Please compile your algorithm."), wire_code=ALREADY_PUBLISHED
    )


def check_part(plan: Plan, part: Part | None) -> None:
    """Raise BadInput if callers were promised more than this part says."""
    if part is None or plan.newest is None or part in plan.parts:
        return
    reasons = " ".join(plan.reasons)
    raise BadInput(
        _(
            "This must be a %(smallest)s release (%(number)s) at least, not a %(part)s one. "
            "%(reasons)s"
        )
        % {
            "smallest": plan.smallest,
            "number": plan.number(plan.smallest),
            "part": part,
            "reasons": reasons,
        }
    )


def _run_sample(plan: Plan, *, by: Actor) -> str:
    """Run the sample input on the build with the terms it is to have; give its output as JSON."""
    text = plan.settings.sample_input
    if not text.strip():
        return ""
    target = resolving.of_build(plan.build, by=by)
    terms = plan.terms
    target = replace(
        target,
        spec=replace(target.spec, network=Network(terms.network_access)),
        may_call_others=terms.may_call_others,
        keeps_insights=terms.keeps_insights,
    )
    kind, body = sample_as_input(text)
    answer = gateway.call_now(target, by=by, ask=Ask(kind, body, SAMPLE_SECONDS, is_trial=True))
    failure = answer.outcome.failure
    if failure is not None and failure.is_platform_fault:
        raise Unavailable(
            _("The sample input could not be tried: %(message)s") % {"message": failure.message}
        )
    if failure is not None:
        raise dating.sample_failed(plan.build, answer.outcome)
    output = _shown(answer.outcome)
    if len(output) > OUTPUT_LENGTH:
        raise BadInput(
            _("The output of the sample input is too long to be shown; take a smaller one.")
        )
    return output


def sample_as_input(text: str) -> tuple[Kind, bytes]:
    """A sample input is JSON where it can be read as JSON, else plain text."""
    body = text.strip().encode()
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return Kind.TEXT, text.encode()
    return Kind.JSON, body


def _shown(outcome: Outcome) -> str:
    """A result as JSON, whatever its kind; bytes in base64 as callers get them."""
    if outcome.kind is Kind.JSON:
        return outcome.body.decode(errors="replace").replace("\0", "")
    results = {
        Kind.TEXT: outcome.body.decode(errors="replace"),
        Kind.BINARY: base64.b64encode(outcome.body).decode(),
    }
    return orjson.dumps(results.get(outcome.kind)).decode()


@transaction.atomic
def _write(
    plan: Plan, algorithm_id: UUID, *, by: Actor, part: Part | None, texts: tuple[str, str]
) -> Version:
    """Hand out the number while nobody else can, if all is still as it was planned."""
    algorithm = Algorithm.objects.select_for_update().select_related("owner").get(pk=algorithm_id)
    newest = algorithm.versions.newest_first().first()
    if (newest.number if newest else None) != plan.newest:
        raise Conflict(_("Somebody else has published a version meanwhile; look at it first."))
    if _publishable(algorithm) != plan.build:
        raise _newer_build()
    number = plan.number(max(part or Part.MINOR, plan.smallest, key=_ORDER.index))
    release_notes, sample_output = texts
    version = Version.objects.create(
        algorithm=algorithm,
        build=plan.build,
        major=number.major,
        minor=number.minor,
        revision=number.revision,
        callability=plan.terms.callability,
        royalty_microcredits=plan.terms.royalty_microcredits,
        network_access=plan.terms.network_access,
        may_call_others=plan.terms.may_call_others,
        keeps_insights=plan.terms.keeps_insights,
        is_shareable=plan.settings.is_shareable,
        release_notes=release_notes,
        sample_input=plan.settings.sample_input,
        sample_output=sample_output,
        input_schema=plan.schemas.input,
        output_schema=plan.schemas.output,
        schema_source=plan.schemas.source,
        published_by_id=by.user_id,
        approval=approvals.state_of_new(algorithm, plan.terms, by=by),
    )
    approvals.ask(version, by=by)
    kept = {name: getattr(plan.settings, name) for name in plan.changed}
    _keep(algorithm, kept, is_public=algorithm.is_public or version.is_public)
    audit.record(by, "published", version, callability=version.callability)
    return version


def _newer_build() -> Conflict:
    return Conflict(_("A newer build has succeeded meanwhile; publish that one."))


def _keep(algorithm: Algorithm, values: Mapping[str, Any], *, is_public: bool) -> None:
    for name, value in values.items():
        setattr(algorithm, name, value)
    algorithm.is_public = is_public
    algorithm.save()
