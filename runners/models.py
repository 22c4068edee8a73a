"""What code can be built and run with, and who runs it."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class EnvironmentQuerySet(models.QuerySet["Environment"]):
    def offered(self) -> EnvironmentQuerySet:
        """Those a new algorithm may choose; algorithms on another go on."""
        python_first = models.Case(models.When(language="python3", then=0), default=1)
        is_declared = models.Case(models.When(origin=Environment.Origin.FOUND, then=0), default=1)
        return self.filter(state=Environment.State.OFFERED, is_present=True).order_by(
            python_first, is_declared, "language", "-sort_key", "machine_type", "slug"
        )


class Environment(models.Model):
    """A language, its version, what is installed, and a kind of machine.

    Found on a runner's machine, or declared by its operators with an image that has it.
    """

    class MachineType(models.TextChoices):
        CPU = "CPU", "CPU"
        GPU = "GPU", "GPU"

    class State(models.TextChoices):
        OFFERED = "offered", _("Offered")
        DEPRECATED = "deprecated", _("Deprecated")  # no new algorithm may choose it
        RETIRED = "retired", _("Retired")  # nothing is built on it any more; what is built runs

    class Origin(models.TextChoices):
        FOUND = "found", _("Found on a machine")
        DECLARED = "declared", _("Declared in a file")
        ADDED = "added", _("Added by staff")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True, help_text="python311, python36-gpu")
    display_name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    has_own_words = models.BooleanField(
        default=False, help_text="Staff wrote its name and description: no machine overwrites them"
    )
    language = models.CharField(max_length=30, help_text="The wire's word: python3, javascript, …")
    version = models.CharField(
        max_length=30, help_text="3.11.7: what the interpreter says of itself"
    )
    sort_key = models.CharField(
        max_length=30, help_text="The version so that text order is its order"
    )
    machine_type = models.CharField(
        max_length=3, choices=MachineType.choices, default=MachineType.CPU
    )
    machine_kind = models.CharField(
        max_length=40, blank=True, help_text="What its runners announce; empty: cpu or gpu"
    )
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.FOUND)
    image = models.CharField(
        max_length=300, blank=True, help_text="Docker image or folder whose files it has"
    )
    interpreter = models.CharField(
        max_length=100, blank=True, help_text="As runners know it; empty: by its slug"
    )
    packages = models.TextField(blank=True, help_text="Installed for all of its algorithms")
    lock = models.TextField(blank=True, help_text="What they were resolved to, once for all")
    memory_mb = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of one sandbox; empty: as everywhere"
    )
    specification_id = models.UUIDField(
        default=uuid.uuid4, help_text="The wire's id of language and version without machine"
    )
    rate = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="What a second on it costs, in 1e-10 of the currency; empty: as its machine",
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.OFFERED)
    successor = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="predecessors"
    )
    notice = models.CharField(max_length=500, blank=True, help_text="What its authors should know")
    notice_on = models.DateField(null=True, blank=True, help_text="When that happens")
    is_present = models.BooleanField(default=True, help_text="Some runner has it")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EnvironmentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.slug

    @property
    def is_gpu(self) -> bool:
        return self.machine_type == self.MachineType.GPU

    @property
    def is_offered(self) -> bool:
        return self.state == self.State.OFFERED

    @property
    def machine(self) -> str:
        """The kind of machine it needs, in the word that runners announce."""
        return self.machine_kind or self.machine_type.lower()

    @property
    def runtime(self) -> str:
        """Its interpreter, in the word that runners know it by."""
        return self.interpreter or self.slug.removesuffix("-gpu")


class Presence(models.Model):
    """An environment on one runner's machine, as that machine last said."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="places")
    place = models.CharField(
        max_length=255, help_text="A runner's address; empty for a site of one machine"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "place"], name="one_presence_per_machine"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.environment} at {self.place or 'this machine'}"


class DependencySet(models.Model):
    """An artefact: some requirements, resolved, locked and installed once for all who ask for them."""

    digest = models.CharField(
        max_length=64, primary_key=True, help_text="Hash of the base environment and the lock"
    )
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="dependency_sets"
    )
    lock = models.TextField()
    interpreter = models.CharField(
        max_length=100, blank=True, help_text="What it was installed for; empty: by its slug"
    )
    base = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="extensions",
        help_text="What its environment brings, which it is used together with",
    )
    size_bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:12]


class Resolution(models.Model):
    """Which dependency set some requirements last led to, so that they are not resolved again."""

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="resolutions"
    )
    requirements_digest = models.CharField(max_length=64)
    dependencies = models.ForeignKey(
        DependencySet, on_delete=models.CASCADE, related_name="resolutions"
    )
    resolved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "requirements_digest"],
                name="one_resolution_per_requirements",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirements_digest[:12]} → {self.dependencies_id[:12]}"


class Runner(models.Model):
    """A process that owns the sandboxes of one host and takes calls at an address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=255, help_text="unix:/path or host:port of its pool")
    backend = models.CharField(max_length=20)
    slots = models.PositiveIntegerField()
    machines: models.JSONField[list[str], list[str]] = models.JSONField(
        default=list, help_text="The kinds of machine it is: cpu, gpu, nvidia-h200"
    )
    started_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class RefusedConnection(models.Model):
    """Where code with this source wanted to go and was not let; see `refusals.py`."""

    source = models.CharField(max_length=64, help_text="Digest of the source snapshot")
    host = models.CharField(max_length=253, blank=True, help_text="Empty: what did not fit")
    port = models.PositiveIntegerField()
    count = models.PositiveBigIntegerField()
    first_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "host", "port"], name="one_count_per_refused_address"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
