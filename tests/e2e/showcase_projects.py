"""Projects with services in each state: one online, one that failed, one that was never online."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from algorithms.models import Algorithm
from marketplace.accounts.actors import Actor
from projects import arranging
from projects.arranging import Wanted
from projects.launch_logs import LOG
from projects.models import Launch, Reservation, Service

LOG_TEXT: Final = """Setting up model...
labels read: 176
Starting model server at http://127.0.0.1:{port}...
It answers that it is RUNNING: online
classifying 24 characters
classifying 107 characters
"""
CRASH: Final = """Setting up model...
Traceback (most recent call last):
  File "/opt/algorithm/cloud_model.py", line 12, in setup
    return fasttext.load_model(opts["checkpoint"])
ValueError: /opt/files/checkpoint/lid.bin has wrong file format!
"""
_FIELDS: Final[dict[str, Any]] = {
    "text": {"type": "string", "description": "What is to be named"},
    "most": {"type": "number", "minimum": 1, "maximum": 10, "default": 3},
}
INTERFACE: Final[dict[str, Any]] = {
    "operations": [
        {
            "name": name,
            "description": words,
            "input": {"type": "object", "properties": _FIELDS, "required": ["text"]},
            "output": {"type": "object", "properties": {"label": {"type": "string"}}},
        }
        for name, words in (("classify", "Names the language"), ("explain", "And says why"))
    ],
    "options": {
        "type": "object",
        "properties": {
            "checkpoint": {
                "type": ["string", "null"],
                "format": "uri-reference",
                "x-widget": "file",
                "x-accept": ".bin",
                "description": "The weights, as fastText saves them",
            },
            "shortest": {"type": "number", "minimum": 1, "maximum": 50, "default": 5},
        },
    },
}


def arrange(algorithm: Algorithm, *, author: Actor) -> dict[str, str]:
    """Two projects of the author's; give the names that pages are filled in with."""
    owner = algorithm.owner
    project = arranging.create(
        owner,
        by=author,
        name="language-desk",
        tagline="Names, sorts and forwards what customers write",
        description="Runs beside the **help desk**: each letter is named, then sent on.",
    )
    arranging.create(owner, by=author, name="experiments", tagline="Not for others yet")
    made = {}
    for name, group in (("detector", "Inbox"), ("detector-eu", "Inbox"), ("nightly", "Reports")):
        wanted = Wanted(name=name, group=group, algorithm=algorithm)
        made[name] = arranging.add_service(project, by=author, wanted=wanted)
    Reservation.objects.create(
        owner=owner,
        algorithm=algorithm,
        version_type=Reservation.VersionType.LATEST_PUBLIC,
        num_slots=2,
        ready=1,
        label="1.0.0",
        kept_ms=5_400_000,
        charged=540_000,
        note="All sandboxes of this runner are in use. It is tried again.",
        heartbeat_at=timezone.now() + timedelta(days=365),
    )
    build = algorithm.builds.succeeded()[0]
    build.contract, build.interface = "service", INTERFACE
    build.save(update_fields=["contract", "interface"])
    _launch(made["detector"], Launch.State.ONLINE, LOG_TEXT.format(port=9100))
    reason = "It did not start: The app ended with exit code 1 before it answered a request."
    _launch(made["detector-eu"], Launch.State.FAILED, CRASH, reason)
    return {"project": "language-desk", "service": "detector", "failed_service": "detector-eu"}


def _launch(service: Service, state: Launch.State, log: str, reason: str = "") -> None:
    now = timezone.now()
    is_online = state == Launch.State.ONLINE
    launch = service.launches.create(
        number=1,
        state=state,
        build=service.algorithm.builds.succeeded()[0],
        port=service.port,
        rate=1_000_000,
        kept_ms=9_420_000 if is_online else 0,
        charged=942_000 if is_online else 0,
        reason=reason,
        online_at=now - timedelta(hours=2, minutes=41) if is_online else None,
        ended_at=None if is_online else now,
        heartbeat_at=now + timedelta(days=365),  # nobody need look after it
    )
    LOG.append(launch.pk, log)
