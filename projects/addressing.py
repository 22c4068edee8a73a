"""What a service's address means for who calls it: its launch, in the sandbox that is kept for it."""

from __future__ import annotations

import json
from dataclasses import replace

from django.utils.translation import gettext as _

from algorithms import resolving
from algorithms.permissions import may_call, may_call_unpublished, may_call_version
from algorithms.resolving import Target
from marketplace.accounts import limits
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import NotFound, Unavailable
from projects.models import Launch, Service
from projects.permissions import may_know
from runners.specs import RunSpec

_OPTIONS = "RW_MODEL_OPTIONS"
_SOON = 5


def resolve(owner: str, project: str, name: str, *, by: Actor) -> Target:
    """Find what is called at owner/project/service.

    Raise NotFound, NotAllowed or NotSignedIn, and Unavailable while it is not online.
    """
    limits.refresh()
    service = _found(owner, project, name)
    if service is not None and service.version is not None and service.version.is_public:
        resolving.refuse_quarantined(service.algorithm)
    if service is None or not may_know(by, service):
        path = f"{owner}/{project}/{name}"[:150]
        raise NotFound(_("There is no service %(path)s.") % {"path": path}, wire_code=1001)
    by.require(may_call, service.algorithm)
    resolving.refuse_quarantined(service.algorithm)
    launch = service.launches.live().select_related(
        "service__project__owner", "build__environment", "build__algorithm__owner",
        "version__algorithm__owner", "version__build__environment",
    ).first()  # fmt: skip
    if launch is None or launch.state != Launch.State.ONLINE:
        raise _not_online(service, launch)
    if launch.version is not None:
        by.require(may_call_version, launch.version)
    else:
        by.require(may_call_unpublished, service.algorithm)
    return resolving.for_caller(target_of(launch), by=by)


def target_of(launch: Launch) -> Target:
    """What calling the launch means; asks nobody whether they may."""
    target = _bare_target(launch)
    spec = spec_of(launch, kept=f"{launch.pk.hex}-{launch.attempts}")
    return replace(target, spec=spec, path=target.path)


def spec_of(launch: Launch, *, kept: str) -> RunSpec:
    """Its sandbox: as for the version, but with the service's port, options and files."""
    spec = _bare_target(launch).spec
    secrets = tuple((name, value) for name, value in spec.variables if name != _OPTIONS)
    return replace(
        spec,
        port=launch.port,
        variables=(*secrets, (_OPTIONS, json.dumps(launch.options))),
        files=tuple((source, target) for source, target in launch.files),
        kept=kept,
        runner=launch.runner,
    )


def _bare_target(launch: Launch) -> Target:
    if launch.version is not None:
        return resolving.of_version_row(launch.version)
    return resolving.of_build_row(launch.build)


def _found(owner: str, project: str, name: str) -> Service | None:
    rows = Service.objects.select_related("owner", "project__owner", "algorithm__owner", "version")
    return rows.filter(
        project__owner__name__iexact=owner, project__name__iexact=project, name__iexact=name
    ).first()


def _not_online(service: Service, launch: Launch | None) -> Unavailable:
    if launch is None:
        return Unavailable(
            _("%(service)s is offline; its owner can put it online. Nothing was charged.")
            % {"service": service},
            retry_after=60,
        )
    return Unavailable(
        _("%(service)s is on its way online; try again in some seconds. Nothing was charged.")
        % {"service": service},
        retry_after=_SOON,
    )
