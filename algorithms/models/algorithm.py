"""A named program with an owner, found at `owner/name`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib import names
from runners.models import Environment

KEPT_TRUE: Final = frozenset(
    {"is_listed", "published_at", "language", "is_gpu", "price_microcredits", "price_band"}
    | {"network", "input_kind", "output_kind", "facets", "calls_30d", "callers_30d", "trending"}
    | {"p50_us", "success_rate", "reliability", "last_success_at"}
    | {"stars_count", "rating_average", "rating_count"}
)
"""What marketplace/catalog keeps true from versions, calls, stars and reviews."""


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
        rows = self.alias(owner_in_lower=Lower("owner__name"), name_in_lower=Lower("name"))
        return rows.filter(owner_in_lower=owner.lower(), name_in_lower=name.lower())


class Algorithm(models.Model):
    """What its versions have in common.

    Settings here hold for the next build and publish; what callers of a published version
    get is frozen in that version.
    """

    class SourceVisibility(models.TextChoices):
        OPEN = "open", _("Open: anybody may read the source")
        CLOSED = "closed", _("Closed: only the owner sees the source")

    class Contract(models.TextChoices):
        DETECTED = "", _("Found out from the files")
        APPLY = "apply", _("A function apply(input) in src/")
        WEB = "web", _("A web app with a Procfile")
        SERVICE = "service", _("A model service in cloud_model.py")

    class License(models.TextChoices):
        APL = "apl", _("Algorithm Platform License")
        APACHE = "apache2", _("Apache License 2.0")
        GPL = "gpl3", _("GNU General Public License 3")
        MIT = "mit", _("MIT License")

    class NetworkAccess(models.TextChoices):
        ISOLATED = "isolated", _("No internet access")
        FULL = "full", _("Internet access")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.PROTECT, related_name="algorithms")
    name = models.CharField(max_length=names.MAX_LENGTH)
    label = models.CharField(max_length=100)
    tagline = models.CharField(max_length=200, blank=True)
    readme = models.TextField(blank=True, help_text="README.md of the last build, as Markdown.")
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="algorithms"
    )
    contract = models.CharField(
        max_length=20,
        blank=True,
        choices=Contract.choices,
        help_text="How its code is run; empty where each build finds that out.",
    )
    source_visibility = models.CharField(
        max_length=6, choices=SourceVisibility.choices, default=SourceVisibility.CLOSED
    )
    license = models.CharField(max_length=10, choices=License.choices, default=License.APL)
    network_access = models.CharField(
        max_length=10, choices=NetworkAccess.choices, default=NetworkAccess.ISOLATED
    )
    may_call_others = models.BooleanField(default=False)
    keeps_insights = models.BooleanField(
        default=False, help_text="What its code reports about a call is kept for its owner."
    )
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
    task = models.CharField(
        max_length=40, blank=True, help_text="What it is for: the slug of one of the categories."
    )
    is_listed = models.BooleanField(
        default=False, editable=False, help_text="Shown to everyone in explore and in feeds."
    )
    published_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When its first public version came."
    )
    language = models.CharField(max_length=30, blank=True, editable=False)
    is_gpu = models.BooleanField(default=False, editable=False)
    price_microcredits = models.PositiveBigIntegerField(default=0, editable=False)
    price_band = models.CharField(max_length=10, blank=True, editable=False)
    network = models.CharField(max_length=10, blank=True, editable=False)
    input_kind = models.CharField(max_length=10, blank=True, editable=False)
    output_kind = models.CharField(max_length=10, blank=True, editable=False)
    facets = models.CharField(
        max_length=200, blank=True, editable=False, help_text="All of them in one text, to count."
    )
    calls_30d = models.PositiveIntegerField(default=0, editable=False)
    callers_30d = models.PositiveIntegerField(
        default=0, editable=False, help_text="Distinct ones, its owner left out."
    )
    trending = models.FloatField(
        default=0, editable=False, help_text="Distinct callers, those of a week ago half as much."
    )
    p50_us = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    success_rate = models.FloatField(null=True, blank=True, editable=False)
    reliability = models.FloatField(
        default=0, editable=False, help_text="What the success rate is at least, given few calls."
    )
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    stars_count = models.PositiveIntegerField(default=0, editable=False)
    rating_average = models.FloatField(null=True, blank=True, editable=False)
    rating_count = models.PositiveIntegerField(default=0, editable=False)
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
        indexes = [
            models.Index(*fields, "id", name=f"listed_by_{name}", condition=Q(is_listed=True))
            for name, fields in {
                "trending": [models.F("trending").desc()],
                "age": [models.F("published_at").desc()],
                "speed": [models.F("p50_us").asc()],
                "price": [models.F("price_microcredits").asc()],
                "reliability": [models.F("reliability").desc()],
                "stars": [models.F("stars_count").desc()],
                "facets": [models.F("facets").asc(), models.F("owner").asc()],
            }.items()
        ]

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"

    def save(self, *, update_fields: Iterable[str] | None = None, **options: Any) -> None:  # noqa: ANN401 - Django's
        """Leave alone what others keep true, unless it is named: this copy of it may be old."""
        if update_fields is None and not (self._state.adding or options.get("force_insert")):
            concrete = [field.name for field in self._meta.concrete_fields if not field.primary_key]
            update_fields = [name for name in concrete if name not in KEPT_TRUE]
        super().save(update_fields=update_fields, **options)
