"""Collections, the files in them, and the bytes the files point at."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from marketplace.accounts.scopes import Scope
from marketplace.lib import sealing


class Blob(models.Model):
    """Bytes that rest under their own hash; files with the same content share one.

    The row is written before the bytes, so that a crash between the two leaves a row that
    the sweep finds and never bytes that nobody knows of.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    md5 = models.CharField(max_length=32)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    wanted_at = models.DateTimeField(
        db_index=True, help_text="When somebody last sent these bytes or let go of them"
    )

    def __str__(self) -> str:
        return self.sha256


class CollectionQuerySet(models.QuerySet["Collection"]):
    def named(self, name: str) -> Self:
        """By name, whatever its letter case: two that differ only in case cannot exist."""
        return self.filter(name__iexact=name)

    def hosted(self) -> Self:
        """Those that people make."""
        return self.filter(store=Collection.Store.HOSTED)

    def readable_by(self, actor: Actor) -> Self:
        """The hosted ones that `permissions.may_read` would let the actor read."""
        access = Collection.ReadAccess
        reachable = Q(read_access=access.PUBLIC, owner__is_suspended=False)
        if actor.has(Scope.DATA_READ):
            reachable |= Q(owner__in=actor.owner_ids)
        if actor.running is not None:
            reachable |= Q(read_access=access.MY_ALGORITHMS, owner=actor.running.algorithm_owner_id)
        found = self.hosted().filter(reachable)
        return found if actor.running is None else found.exclude(read_access=access.SEALED)


class Collection(models.Model):
    """A flat folder of files with one rule about who may read them.

    Besides those people make, there are an algorithm's own stores: `.session` (shared by the
    call tree of one request) and `.algo` (per algorithm and calling owner, temporary or
    permanent). They are collections too, told apart by `store` and `store_key`.
    """

    class ReadAccess(models.TextChoices):
        PRIVATE = "private", _("Private: only me")
        MY_ALGORITHMS = "my_algorithms", _("My algorithms, called by anyone")
        PUBLIC = "public", _("Public: anybody")
        SEALED = "sealed", _("Sealed: only me, and no algorithm")

    class Store(models.TextChoices):
        HOSTED = "hosted", _("Hosted")
        SESSION = "session", _("Session")
        ALGORITHM_TEMP = "temp", _("Algorithm, temporary")
        ALGORITHM_PERM = "perm", _("Algorithm, permanent")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="collections")
    name = models.CharField(max_length=30)
    read_access = models.CharField(
        max_length=20, choices=ReadAccess.choices, default=ReadAccess.MY_ALGORITHMS
    )
    store = models.CharField(max_length=10, choices=Store.choices, default=Store.HOSTED)
    store_key = models.CharField(
        max_length=80, blank=True, help_text="The root call of a session, or owner/name."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "owner", Lower("name"), "store", "store_key", name="one_collection_per_name"
            ),
            models.UniqueConstraint(
                fields=["store_key"], condition=Q(store="session"), name="one_store_per_session"
            ),
        ]

    def __str__(self) -> str:
        if self.store == self.Store.HOSTED:
            return f"data://{self.owner}/{self.name}"
        if self.store == self.Store.SESSION:
            return "data://.session"
        return f"data://.algo/{self.store_key}/{self.store}"

    @property
    def is_hosted(self) -> bool:
        return self.store == self.Store.HOSTED


class DefaultCollection(models.Model):
    """Which collection an algorithm reaches as `data://.algo/default`."""

    algorithm_id = models.UUIDField(primary_key=True)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.collection} of {self.algorithm_id}"


class DataFile(models.Model):
    """A name in a collection for some bytes."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="files")
    size = models.PositiveBigIntegerField(help_text="Of the blob; here so that quotas add up fast")
    content_type = models.CharField(max_length=100, blank=True)
    modified_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "name"], name="one_file_per_name"),
        ]
        indexes = [models.Index(fields=["collection", "size"], name="sizes_of_a_collection")]

    def __str__(self) -> str:
        return f"{self.collection}/{self.name}"


class Upload(models.Model):
    """A file on its way. What it may become counts against the quota until it is there or given up.

    One that can be resumed keeps its bytes in a file of its own; `offset` says how many are safe.
    """

    class State(models.TextChoices):
        ARRIVING = "arriving", _("Arriving")
        CHECKING = "checking", _("Being checked")
        STORED = "stored", _("Stored")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255)
    reserved = models.PositiveBigIntegerField(help_text="Bytes that count against the quota.")
    is_resumable = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ARRIVING)
    size = models.PositiveBigIntegerField(default=0)
    offset = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, help_text="As the sender promised it.")
    content_type = models.CharField(max_length=100, blank=True)
    fingerprint = models.CharField(
        max_length=100, blank=True, help_text="By which the sender knows the same file again."
    )
    error = models.TextField(blank=True)
    started_by = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.collection}/{self.name} ({self.offset} of {self.size})"


class Connector(models.Model):
    """A store elsewhere that its owner reaches as `s3://…` or `s3+label://…`.

    Its credentials rest sealed and are opened on the way to that store only; no algorithm and
    no page ever sees them.
    """

    class Protocol(models.TextChoices):
        S3 = "s3", _("Amazon S3, or what speaks like it")
        GOOGLE = "gs", _("Google Cloud Storage")
        AZURE = "azureblob", _("Azure Blob Storage")
        DROPBOX = "dropbox", _("Dropbox")

    class UsedBy(models.TextChoices):
        ANY = "any", _("Any algorithm that I call")
        OWN = "own", _("My own algorithms, when I call them")
        NONE = "none", _("No algorithm")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="connectors")
    protocol = models.CharField(max_length=10, choices=Protocol.choices)
    label = models.CharField(max_length=60, blank=True)
    is_default = models.BooleanField(default=False)
    endpoint = models.CharField(max_length=200, blank=True, help_text="Of what speaks like S3.")
    region = models.CharField(max_length=40, blank=True)
    sealed_credentials = models.TextField()
    path = models.CharField(max_length=500, default="*", help_text="Which paths it reaches.")
    is_writable = models.BooleanField(default=False)
    used_by = models.CharField(max_length=4, choices=UsedBy.choices, default=UsedBy.ANY)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "owner", "protocol", Lower("label"), name="one_connector_per_label"
            ),
            models.UniqueConstraint(
                fields=["owner", "protocol"],
                condition=Q(is_default=True),
                name="one_default_per_protocol",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}://"

    @property
    def reference(self) -> str:
        return f"{self.protocol}+{self.label}" if self.label else self.protocol

    def seal(self, credentials: str) -> None:
        self.sealed_credentials = sealing.seal(credentials, purpose=self._purpose)

    def unseal(self) -> str:
        """Give the credentials; raise sealing.Unreadable if the site's key is another."""
        return sealing.unseal(self.sealed_credentials, purpose=self._purpose)

    @property
    def _purpose(self) -> str:
        return f"connector {self.pk}"
