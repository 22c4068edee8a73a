"""Notices what staff should look at when something becomes public."""

from __future__ import annotations

from django.db.models.signals import post_save
from django.utils import timezone

from algorithms.models import Algorithm, Version
from marketplace.catalog.models import Case
from marketplace.catalog.moderation import cases, lookalikes


def _version_saved(instance: Version, *, raw: bool = False, **_details: object) -> None:
    if not raw and is_offered(instance) and not instance.cases.exists():
        look_at(instance)


def is_offered(version: Version) -> bool:
    """Whether strangers can call it: public, and approved where an organization asks for that."""
    is_held = getattr(version, "approval", "") in ("waiting", "refused")
    return version.is_public and not version.is_yanked and not is_held


def look_at(version: Version) -> Case | None:
    """Open a case for a version that has just become public, if anything speaks for it."""
    found = dict(_signals(version))
    case = None
    for kind, text in found.items():
        case = cases.note(cases.about_version(version), kind=kind, text=text)
    return case


def _signals(version: Version) -> list[tuple[str, str]]:
    algorithm = version.algorithm
    of_owner = Version.objects.filter(algorithm__owner=algorithm.owner).ever_public()
    older = algorithm.versions.ever_public().exclude(pk=version.pk)
    previous = older.newest_first().first()
    found = []
    if not of_owner.exclude(pk=version.pk).exists():
        found.append(("first_version", f"The first public version of {algorithm.owner}."))
    if previous is None:
        suspicion = lookalikes.suspicion(algorithm)
        found += [("name", suspicion)] if suspicion else []
    else:
        widened = _widened(previous, version)
        found += [("permissions", widened)] if widened else []
    if _was_asked_for_changes(algorithm) or algorithm.quarantined_at is not None:
        found.append(("changed", f"Its owner has published {version.number} after a decision."))
    return found


def _widened(previous: Version, version: Version) -> str:
    gains = []
    full = Algorithm.NetworkAccess.FULL
    if version.network_access == full != previous.network_access:
        gains.append("reaches the internet")
    if version.may_call_others and not previous.may_call_others:
        gains.append("may call other algorithms")
    if version.keeps_insights and not previous.keeps_insights:
        gains.append("keeps for its author what it reports about calls")
    if not gains:
        return ""
    return f"Since {version.number} it {' and '.join(gains)}; {previous.number} did not."


def _was_asked_for_changes(algorithm: Algorithm) -> bool:
    """Whether its owner owed us changes; those cases are looked at again now."""
    waiting = Case.objects.filter(algorithm=algorithm, state=Case.State.WAITING)
    return bool(waiting.update(state=Case.State.OPEN, opened_at=timezone.now()))


def listen() -> None:
    """Hear of what is published; called once, when the site starts."""
    post_save.connect(_version_saved, sender=Version, dispatch_uid="moderation-version")
