"""A project and its services as the API tells of them, and as pages know their state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import Prefetch

from projects.models import Launch, Project, Reservation, Service

LATEST: Final = Prefetch(
    "launches", queryset=Launch.objects.newest_of_each(), to_attr="last_launches"
)


def state_of(launch: Launch | None) -> str:
    return Launch.REGISTERED if launch is None else launch.state


def latest(services: Iterable[Service]) -> dict[object, Launch]:
    """The latest launch of each service that has one."""
    rows = Launch.objects.newest_of_each().filter(service__in=list(services))
    return {launch.service_id: launch for launch in rows}


def project_json(project: Project) -> dict[str, object]:
    return {
        "id": project.pk,
        "path": str(project),
        "owner": project.owner.name,
        "name": project.name,
        "tagline": project.tagline,
        "description": project.description,
        "is_public": project.is_public,
        "groups": [group.name for group in project.groups.all()],
        "created_at": project.created_at,
    }


def service_json(service: Service, launch: Launch | None, *, is_ours: bool) -> dict[str, object]:
    """A service; what it is set up with and what it costs is for its owner's people."""
    told: dict[str, object] = {
        "id": service.pk,
        "name": service.name,
        "group": service.group.name,
        "algorithm": str(service.algorithm),
        "version": str(service.version.number) if service.version else None,
        "address": f"/v1/services/{service.path}",
        "state": state_of(launch),
        "created_at": service.created_at,
    }
    if is_ours:
        told["port"] = service.port
        told["options"] = service.options
        told["launch"] = None if launch is None else launch_json(launch)
    return told


def launch_json(launch: Launch) -> dict[str, object]:
    return {
        "number": launch.number,
        "state": launch.state,
        "reason": launch.reason,
        "rate_microcredits": launch.rate,
        "kept_ms": launch.kept_ms,
        "charged": launch.charged,
        "crashes": launch.crashes,
        "created_at": launch.created_at,
        "online_at": launch.online_at,
        "ended_at": launch.ended_at,
    }


def reservation_json(one: Reservation) -> dict[str, object]:
    return {
        "id": one.pk,
        "owner": one.owner.name,
        "algorithm": str(one.algorithm),
        "version_type": one.version_type,
        "version_identifier": one.version_identifier,
        "version": one.label,
        "num_slots": one.num_slots,
        "ready": one.ready,
        "note": one.note,
        "rate_microcredits": one.rate,
        "kept_ms": one.kept_ms,
        "charged": one.charged,
        "created_at": one.created_at,
    }
