"""Give an algorithm another name or another owner, while nobody outside relies on its address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from algorithms import resolving
from algorithms.models import Algorithm, Call
from algorithms.permissions import may_create_for, may_delete
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib import names
from marketplace.lib.errors import Conflict, NotAllowed

DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Stakes:
    """What hangs on an algorithm: shown before it is renamed, given away or deleted."""

    versions: int
    public_versions: int
    builds: int
    secrets: int
    calls: int
    callers: int

    @property
    def is_settled(self) -> bool:
        """Whether strangers may rely on its address, so that it stays where it is."""
        return self.public_versions > 0


def stakes_of(algorithm: Algorithm) -> Stakes:
    since = timezone.now() - timedelta(days=DAYS)
    calls = Call.objects.filter(algorithm=algorithm, started_at__gte=since)
    return Stakes(
        versions=algorithm.versions.count(),
        public_versions=algorithm.versions.ever_public().count(),
        builds=algorithm.builds.count(),
        secrets=algorithm.secrets.count(),
        calls=calls.count(),
        callers=calls.exclude(caller=algorithm.owner_id).values("caller").distinct().count(),
    )


def move(algorithm: Algorithm, *, by: Actor, owner: Owner, name: str) -> Algorithm:
    """Put it at another address at once; calls to the old one find nothing from then on.

    The `.algo` data it has stored stays at the old address.
    """
    by.require(may_delete, algorithm)
    by.require(may_create_for, owner)
    names.checked(name, what=gettext_noop("algorithm name"))
    before = str(algorithm)
    try:
        with transaction.atomic():
            Algorithm.objects.select_for_update().get(pk=algorithm.pk)
            if algorithm.versions.ever_public().exists():
                raise NotAllowed(
                    _(
                        "%(algorithm)s has been published for everyone and is called by this "
                        "address: it keeps its name and its owner. Publish a new one instead."
                    )
                    % {"algorithm": algorithm}
                )
            _refuse_if_taken(algorithm, owner, name)
            algorithm.owner, algorithm.name = owner, name
            algorithm.save(update_fields=["owner", "name", "updated_at"])
            audit.record(by, "moved an algorithm", algorithm, before=before)
            transaction.on_commit(resolving.forget_all)
    except IntegrityError:  # somebody was faster
        raise Conflict(
            _("%(owner)s already has an algorithm %(name)s.") % {"owner": owner, "name": name}
        ) from None
    return algorithm


def _refuse_if_taken(algorithm: Algorithm, owner: Owner, name: str) -> None:
    if Algorithm.objects.at(owner.name, name).exclude(pk=algorithm.pk).exists():
        raise Conflict(
            _("%(owner)s already has an algorithm %(name)s.") % {"owner": owner, "name": name}
        )
