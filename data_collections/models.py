"""Collections, the files in them, and the bytes the files point at."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Lower

from marketplace.accounts.models import Owner


class Blob(models.Model):
    """Bytes that rest under their own hash; two files with the same content share one."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    md5 = models.CharField(max_length=32)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256


class Collection(models.Model):
    """A flat folder of files with one rule about who may read them.

    Besides those people make, there are an algorithm's own stores: `.session` (shared by the
    call tree of one request) and `.algo` (per algorithm and calling owner, temporary or
    permanent). They are collections too, told apart by `store` and `store_key`.
    """

    class ReadAccess(models.TextChoices):
        PRIVATE = "private", "Private: only me"
        MY_ALGORITHMS = "my_algorithms", "My algorithms, called by anyone"
        PUBLIC = "public", "Public: anybody"

    class Store(models.TextChoices):
        HOSTED = "hosted", "Hosted"
        SESSION = "session", "Session"
        ALGORITHM_TEMP = "temp", "Algorithm, temporary"
        ALGORITHM_PERM = "perm", "Algorithm, permanent"

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

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "owner", Lower("name"), "store", "store_key", name="one_collection_per_name"
            ),
        ]

    def __str__(self) -> str:
        return f"data://{self.owner}/{self.name}"


class DataFile(models.Model):
    """A name in a collection for some bytes."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="files")
    content_type = models.CharField(max_length=100, blank=True)
    modified_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "name"], name="one_file_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.collection}/{self.name}"
