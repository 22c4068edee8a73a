"""What helps people find algorithms, and algorithms their people."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from algorithms.models import Algorithm, Version
from marketplace.accounts.models import Owner, User


class Category(models.Model):
    """A shelf that the staff keeps. An algorithm's `task` is the slug of one."""

    slug = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=60)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0, help_text="Lower ones come first.")
    algorithms: models.ManyToManyField[Algorithm, models.Model] = models.ManyToManyField(
        Algorithm,
        blank=True,
        related_name="categories",
        help_text="Chosen by the staff: shown first on the category's page.",
    )

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["position", "title"]

    def __str__(self) -> str:
        return self.title


class Tag(models.Model):
    """A word that authors give to their algorithms."""

    name = models.CharField(max_length=30, unique=True, help_text="Lower case, with hyphens.")
    algorithms: models.ManyToManyField[Algorithm, models.Model] = models.ManyToManyField(
        Algorithm, blank=True, related_name="tags"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Star(models.Model):
    """Somebody likes an algorithm, and says so in public."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="stars")
    algorithm = models.ForeignKey(Algorithm, on_delete=models.CASCADE, related_name="stars")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "algorithm"], name="one_star_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} likes {self.algorithm}"


class Follow(models.Model):
    """Somebody wants to hear of new public versions: of one algorithm, or of all of an owner."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="follows")
    owner = models.ForeignKey(
        Owner, on_delete=models.CASCADE, null=True, blank=True, related_name="followers"
    )
    algorithm = models.ForeignKey(
        Algorithm, on_delete=models.CASCADE, null=True, blank=True, related_name="followers"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "owner"], name="an_owner_is_followed_once"),
            models.UniqueConstraint(
                fields=["user", "algorithm"], name="an_algorithm_is_followed_once"
            ),
            models.CheckConstraint(
                condition=Q(owner__isnull=False) ^ Q(algorithm__isnull=False),
                name="one_follows_an_owner_or_an_algorithm",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} follows {self.owner or self.algorithm}"


class AnnouncedVersion(models.Model):
    """A public version whose followers have been told, so that nobody is told twice."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, related_name="announced")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.version)
