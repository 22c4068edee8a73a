"""A named program with an owner, found at `owner/name`."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib import names
from runners.models import Environment


class AlgorithmQuerySet(models.QuerySet["Algorithm"]):
    def visible_to(self, actor: Actor) -> Self:
        """Published for everyone, and all that the actor's owners have."""
        mine = Q(owner__in=actor.owner_ids | actor.executes_for)
        shown = Q(is_public=True, owner__is_suspended=False, quarantined_at__isnull=True)
        return self.filter(mine | shown)

    def at(self, owner: str, name: str) -> Self:
        """By its place in a URL, whatever the letter case."""
        if not (names.PATTERN.match(owner) and names.PATTERN.match(name)):
            return (
                self.none()
            )  # such a thing cannot be, and PostgreSQL refuses some to be asked for
        return self.filter(owner__name__iexact=owner, name__iexact=name)


class Algorithm(models.Model):
    """What its versions have in common.

    Settings here hold for the next build and publish; what callers of a published version
    get is frozen in that version.
    """

    class SourceVisibility(models.TextChoices):
        OPEN = "open", "Open: anybody may read the source"
        CLOSED = "closed", "Closed: only the owner sees the source"

    class License(models.TextChoices):
        APL = "apl", "Algorithm Platform License"
        APACHE = "apache2", "Apache License 2.0"
        GPL = "gpl3", "GNU General Public License 3"
        MIT = "mit", "MIT License"

    class NetworkAccess(models.TextChoices):
        ISOLATED = "isolated", "No internet access"
        FULL = "full", "Internet access"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="algorithms")
    name = models.CharField(max_length=names.MAX_LENGTH)
    label = models.CharField(max_length=100)
    tagline = models.CharField(max_length=200, blank=True)
    readme = models.TextField(blank=True, help_text="README.md of the last build, as Markdown.")
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="algorithms"
    )
    source_visibility = models.CharField(
        max_length=6, choices=SourceVisibility.choices, default=SourceVisibility.CLOSED
    )
    license = models.CharField(max_length=10, choices=License.choices, default=License.APL)
    network_access = models.CharField(
        max_length=10, choices=NetworkAccess.choices, default=NetworkAccess.ISOLATED
    )
    may_call_others = models.BooleanField(default=False)
    is_shareable = models.BooleanField(
        default=False,
        help_text="One warm sandbox may serve several callers in turn: set it only if the code "
        "keeps nothing of one call for the next.",
    )
    sample_input = models.TextField(blank=True)
    performance_notes = models.TextField(
        blank=True, help_text="How fast and how good it is, by what measure; as Markdown."
    )
    links: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = models.JSONField(
        default=list, blank=True, help_text="Places elsewhere, each with a label and a url."
    )
    royalty_microcredits = models.PositiveBigIntegerField(default=0)
    is_public = models.BooleanField(
        default=False, help_text="Has a version that everyone may call: kept true by publishing."
    )
    quarantined_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Hidden and not callable since then, by a decision of the moderators.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AlgorithmQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="one_algorithm_per_name"),
            models.CheckConstraint(
                condition=~Q(source_visibility="closed") | Q(license="apl"),
                name="closed_source_needs_the_platform_license",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"
