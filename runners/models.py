"""What code can be built and run with, and who runs it."""

from __future__ import annotations

import uuid

from django.db import models


class EnvironmentQuerySet(models.QuerySet["Environment"]):
    def offered(self) -> EnvironmentQuerySet:
        """Those a new algorithm may choose; algorithms on a retired one go on."""
        python_first = models.Case(models.When(language="python3", then=0), default=1)
        return self.filter(is_offered=True, is_present=True).order_by(
            python_first, "language", "-sort_key", "machine_type"
        )


class Environment(models.Model):
    """A language, its version and a kind of machine. Found on the runner's machine, never assumed."""

    class MachineType(models.TextChoices):
        CPU = "CPU", "CPU"
        GPU = "GPU", "GPU"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True, help_text="python311, python36-gpu")
    display_name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
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
    specification_id = models.UUIDField(
        default=uuid.uuid4, help_text="The wire's id of language and version without machine"
    )
    rate = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="What a second on it costs, in 1e-10 of the currency; empty: as its machine",
    )
    is_offered = models.BooleanField(default=True)
    is_present = models.BooleanField(default=True, help_text="Seen when runners were last asked")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EnvironmentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.slug

    @property
    def is_gpu(self) -> bool:
        return self.machine_type == self.MachineType.GPU


class DependencySet(models.Model):
    """An artefact: some requirements, resolved, locked and installed once for all who ask for them."""

    digest = models.CharField(
        max_length=64, primary_key=True, help_text="Hash of the base environment and the lock"
    )
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="dependency_sets"
    )
    lock = models.TextField()
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
    has_gpu = models.BooleanField(default=False)
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
