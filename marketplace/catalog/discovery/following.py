"""Follow an owner or an algorithm, and hear of its new public versions."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.db.models.signals import post_save
from django.urls import reverse
from django.utils.translation import gettext as _

from algorithms.models import Algorithm, Version
from marketplace.accounts import notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.catalog.discovery.permissions import may_follow
from marketplace.catalog.models import AnnouncedVersion, Follow


def follow(followed: Algorithm | Owner, *, by: Actor) -> int:
    """Follow it, once; give how many do now."""
    by.require(may_follow, followed)
    Follow.objects.get_or_create(user_id=by.user_id or 0, **_names(followed))
    return Follow.objects.filter(**_names(followed)).count()


def unfollow(followed: Algorithm | Owner, *, by: Actor) -> int:
    by.require(may_follow, followed)
    Follow.objects.filter(user_id=by.user_id or 0, **_names(followed)).delete()
    return Follow.objects.filter(**_names(followed)).count()


@shared_task
def announce(version_id: str) -> int:
    """Tell who follows the algorithm or its owner, once; give how many were told."""
    rows = Version.objects.public().select_related("algorithm__owner")
    version = rows.filter(pk=version_id, algorithm__is_listed=True).first()
    if version is None:
        return 0
    with transaction.atomic():
        _row, is_new = AnnouncedVersion.objects.get_or_create(version=version)
        return _tell(version) if is_new else 0


def listen() -> None:
    """Hear of versions that become public; called once, when the site starts."""
    post_save.connect(_version_saved, sender=Version, dispatch_uid="following-version")


def _version_saved(instance: Version, *, raw: bool = False, **_details: object) -> None:
    if raw or not instance.is_public or instance.yanked_at is not None:
        return
    if instance.approval in {Version.Approval.UNASKED, Version.Approval.APPROVED}:
        transaction.on_commit(partial(announce.delay, str(instance.pk)))


def _tell(version: Version) -> int:
    algorithm = version.algorithm
    follows = Follow.objects.filter(Q(algorithm=algorithm) | Q(owner=algorithm.owner_id))
    people = set(follows.values_list("user_id", flat=True)) - {version.published_by_id}
    return notifications.tell(
        people,
        kind="release",
        title=lambda: (
            _("%(algorithm)s %(number)s is out")
            % {"algorithm": algorithm, "number": version.number}
        ),
        body=version.release_notes[:500],
        url=reverse("catalog:versions", args=[algorithm.owner.name, algorithm.name]),
    )


def _names(followed: Algorithm | Owner) -> dict[str, Any]:
    kind = "algorithm_id" if isinstance(followed, Algorithm) else "owner_id"
    return {kind: followed.pk}
