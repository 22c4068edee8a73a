"""A project, its groups of services, and each time that one of these went online."""

from __future__ import annotations

import uuid
from typing import Any, Final, Self

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from algorithms.models import Algorithm, Build, Version
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from marketplace.lib.ordered_json import OrderedJSONField

NAME_LENGTH: Final = 60


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, actor: Actor) -> Self:
        mine = Q(owner__in=actor.owner_ids | actor.executes_for)
        return self.filter(mine | Q(is_public=True, owner__is_suspended=False))


class Project(models.Model):
    """A space in which an owner's services stand together."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(max_length=NAME_LENGTH)
    tagline = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True, help_text="As Markdown.")
    is_public = models.BooleanField(default=False, help_text="Whether everyone sees its page.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="one_project_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


class Group(models.Model):
    """Some services of a project that belong to one application."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=NAME_LENGTH)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="one_group_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Service(models.Model):
    """An algorithm with a name in a project, an address, and what it is set up with."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="services")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="services")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="services")
    name = models.CharField(max_length=NAME_LENGTH)
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="services")
    version = models.ForeignKey(
        Version,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="services",
        help_text="What goes online; empty: the newest code, for its owner's people only.",
    )
    port = models.PositiveIntegerField(help_text="Where its server listens inside its sandbox.")
    options: models.JSONField[dict[str, Any], dict[str, Any]] = OrderedJSONField(
        default=dict, blank=True, help_text="What its setup is given."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="one_service_per_name"),
            models.UniqueConstraint(fields=["owner", "port"], name="one_service_per_port"),
        ]

    def __str__(self) -> str:
        return f"{self.project}/{self.name}"

    @property
    def path(self) -> str:
        """Its place behind /v1/services/."""
        return str(self)


class LaunchQuerySet(models.QuerySet["Launch"]):
    def live(self) -> Self:
        return self.filter(state__in=Launch.LIVE)

    def newest_of_each(self) -> Self:
        """The newest of each service."""
        same = Launch.objects.filter(service=OuterRef("service")).order_by("-number")
        return self.filter(number=Subquery(same.values("number")[:1]))


class Launch(models.Model):
    """One time that a service went online: the truth of its state, and what it costs."""

    class State(models.TextChoices):
        BUILDING = "building", _("Building")
        STARTING = "starting", _("Starting")
        ONLINE = "online", _("Online")
        FAILED = "failed", _("Failed")
        OFFLINE = "offline", _("Offline")

    LIVE = (State.BUILDING, State.STARTING, State.ONLINE)
    REGISTERED = "registered"
    """The state of a service that has never gone online."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="launches")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State.choices)
    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, null=True, related_name="+")
    port = models.PositiveIntegerField()
    options: models.JSONField[dict[str, Any], dict[str, Any]] = OrderedJSONField(default=dict)
    files: models.JSONField[list[list[str]], list[list[str]]] = models.JSONField(
        default=list, help_text="Below DATA_DIR, and where each is shown in the sandbox."
    )
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    scopes: models.JSONField[list[str], list[str]] = models.JSONField(
        default=list, help_text="What the key it was begun with allowed."
    )
    rate = models.PositiveBigIntegerField(
        default=0, help_text="What a second of waiting costs its owner, in 1e-10 of the currency."
    )
    kept_ms = models.PositiveBigIntegerField(default=0, help_text="Paid for: waiting for calls.")
    charged = models.PositiveBigIntegerField(default=0, help_text="For that, in micro-units.")
    reason = models.TextField(blank=True, help_text="Why it ended, in a sentence.")
    runner = models.CharField(max_length=100, blank=True)
    attempts = models.PositiveIntegerField(default=0, help_text="How often a runner has taken it.")
    crashes = models.PositiveIntegerField(default=0, help_text="In a row, without a longer life.")
    heartbeat_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    online_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = LaunchQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["service", "number"], name="one_launch_per_number"),
            models.UniqueConstraint(
                fields=["service"],
                condition=Q(state__in=("building", "starting", "online")),
                name="online_once_at_a_time",
            ),
        ]
        indexes = [
            models.Index(
                F("heartbeat_at"),
                name="launches_to_look_after",
                condition=Q(state__in=("building", "starting", "online")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.service} #{self.number}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE


class LaunchLogChunk(models.Model):
    """Some lines of what a launch printed. `offset` is where the text starts, in characters."""

    launch = models.ForeignKey(Launch, on_delete=models.CASCADE, related_name="log_chunks")
    offset = models.PositiveBigIntegerField()
    text = models.TextField()

    class Meta:
        ordering = ["offset"]
        constraints = [
            models.UniqueConstraint(fields=["launch", "offset"], name="one_launch_chunk_per_offset")
        ]

    def __str__(self) -> str:
        return f"{self.launch} from {self.offset}"


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def live(self) -> Self:
        return self.filter(ended_at__isnull=True)


class Reservation(models.Model):
    """Sandboxes of one version that wait, warm, for the calls of the owner who pays for them."""

    class VersionType(models.TextChoices):
        LATEST_PUBLIC = "latest_public", _("Latest public version")
        LATEST_PRIVATE = "latest_private", _("Latest private version")
        LATEST_COMPILED = "latest_compiled", _("Latest successful build")
        SEMANTIC_VERSION = "semantic_version", _("One version")
        HASH = "hash", _("One commit")

    NAMED = (VersionType.SEMANTIC_VERSION, VersionType.HASH)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        Owner, on_delete=models.PROTECT, related_name="reservations", help_text="Calls and pays."
    )
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="reservations")
    version_type = models.CharField(max_length=16, choices=VersionType.choices)
    version_identifier = models.CharField(max_length=40, blank=True)
    num_slots = models.PositiveIntegerField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    member = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Whose budget it counts for, beside the owner's.",
    )
    rate = models.PositiveBigIntegerField(
        default=0, help_text="What a second of one costs now, in 1e-10 of the currency."
    )
    kept_ms = models.PositiveBigIntegerField(default=0, help_text="Paid for: waiting for calls.")
    charged = models.PositiveBigIntegerField(default=0, help_text="For that, in micro-units.")
    ready = models.PositiveIntegerField(default=0, help_text="How many are warm.")
    label = models.CharField(max_length=40, blank=True, help_text="The version that is kept.")
    commit = models.CharField(max_length=40, blank=True, help_text="Of what is kept.")
    note = models.TextField(blank=True, help_text="Why not all of them are warm.")
    reason = models.TextField(blank=True, help_text="Why it ended, in a sentence.")
    runner = models.CharField(max_length=100, blank=True)
    attempts = models.PositiveIntegerField(default=0, help_text="How often a runner has taken it.")
    heartbeat_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "algorithm", "version_type", "version_identifier"],
                condition=Q(ended_at__isnull=True),
                name="reserved_once_at_a_time",
            ),
            models.CheckConstraint(condition=Q(num_slots__gte=1), name="something_is_reserved"),
        ]

    def __str__(self) -> str:
        return f"{self.algorithm} ({self.version_identifier or self.get_version_type_display()})"

    @property
    def is_live(self) -> bool:
        return self.ended_at is None
