"""A service as its page shows it: its state, what it costs, and a console for its commands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from algorithms import gallery, operations
from algorithms.models import Algorithm, AlgorithmImage, Build, Version
from billing import kept_time
from marketplace.accounts.actors import Actor
from marketplace.catalog.pages import indented
from projects import launching, setup_options, shown
from projects.launch_logs import LOG
from projects.models import Launch, Service
from projects.permissions import may_arrange, may_read_log, may_take_offline

HOUR_MS = 3_600_000
_LOG_LINES = 2000


@dataclass(frozen=True)
class ServicePage:
    """Everything its template asks."""

    service: Service
    launch: Launch | None
    build: Build | None
    actor: Actor
    operation: str = ""

    @property
    def state(self) -> str:
        return shown.state_of(self.launch)

    @property
    def is_live(self) -> bool:
        return self.launch is not None and self.launch.is_live

    @property
    def is_online(self) -> bool:
        return self.state == Launch.State.ONLINE

    @property
    def may_arrange(self) -> bool:
        return may_arrange(self.actor, self.service.project)

    @property
    def may_end(self) -> bool:
        return may_take_offline(self.actor, self.service)

    @property
    def may_read_log(self) -> bool:
        return may_read_log(self.actor, self.service)

    @property
    def algorithm(self) -> Algorithm:
        return self.service.algorithm

    @property
    def version(self) -> Version | None:
        return self.service.version

    # What it costs

    @property
    def rate(self) -> int:
        return launching.rate_of(self.service)

    @property
    def an_hour(self) -> int:
        return kept_time.cost(self.rate, HOUR_MS)

    @property
    def a_day(self) -> int:
        return kept_time.cost(self.rate, 24 * HOUR_MS)

    @property
    def waited(self) -> timedelta:
        return timedelta(milliseconds=self.launch.kept_ms if self.launch else 0)

    @property
    def lasted(self) -> timedelta | None:
        """How long it has been online, or was."""
        launch = self.launch
        if launch is None or launch.online_at is None:
            return None
        return (launch.ended_at or timezone.now()) - launch.online_at

    # Its log

    @property
    def log(self) -> str:
        return LOG.last_lines(self.launch.pk, _LOG_LINES) if self.launch else ""

    # What can be asked of it

    @property
    def operations(self) -> list[dict[str, Any]]:
        if self.build is None or self.build.contract != operations.CONTRACT:
            return []
        return list(self.build.interface.get("operations", []))

    @property
    def chosen(self) -> dict[str, Any]:
        found = (one for one in self.operations if one["name"] == self.operation)
        return next(found, next(iter(self.operations), {}))

    @property
    def input_schema(self) -> Mapping[str, Any] | None:
        schema: Mapping[str, Any] | None = self.chosen.get("input")
        return schema

    @property
    def sample_input(self) -> str:
        fields = (self.input_schema or {}).get("properties", {})
        known = {name: one["default"] for name, one in fields.items() if "default" in one}
        return indented(json.dumps(known))

    @property
    def short_sample(self) -> str:
        """What a first call may send, in one line."""
        fields = (self.input_schema or {}).get("properties", {})
        return json.dumps({name: _example(one) for name, one in fields.items()}, ensure_ascii=False)

    @property
    def option_fields(self) -> list[tuple[str, Mapping[str, Any], object]]:
        """Each option with what the service gives it; its default if that is nothing."""
        schema = setup_options.of_build(self.build) if self.build else {}
        given = self.service.options
        return [
            (name, one, given.get(name, one.get("default")))
            for name, one in schema.get("properties", {}).items()
        ]

    @property
    def path(self) -> str:
        """Behind the prefix of calls: the service, and a command if it has several."""
        name = self.chosen.get("name", "")
        return f"{self.service.path}/{name}" if name else self.service.path

    @property
    def images(self) -> list[AlgorithmImage]:
        return list(self.algorithm.images.defer("content", "thumbnail")[: gallery.MOST_IMAGES])


def _example(field: Mapping[str, Any]) -> object:
    if "default" in field:
        return field["default"]
    if "contentMediaType" in field:
        return "data:image/png;base64,…"
    return {"string": "…", "number": 1, "array": [], "boolean": True}.get(str(field.get("type")))


def of_service(service: Service, *, by: Actor, operation: str = "") -> ServicePage:
    launch = launching.present(service)
    build = launch.build if launch is not None and launch.is_live else None
    if build is None or not build.interface:
        build = service.version.build if service.version else setup_options.newest_build(service)
    return ServicePage(service, launch, build, by, operation)
