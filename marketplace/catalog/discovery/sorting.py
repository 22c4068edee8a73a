"""Where an author puts an algorithm: one task, and a few tags."""

from __future__ import annotations

import re
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from algorithms.models import Algorithm
from marketplace.accounts.actors import Actor
from marketplace.catalog.discovery.permissions import may_sort
from marketplace.catalog.models import Category, Tag
from marketplace.lib.errors import BadInput

MOST_TAGS: Final = 8
_TAG: Final = re.compile(r"[a-z0-9][a-z0-9+.#-]{0,29}\Z")


@transaction.atomic
def sort(algorithm: Algorithm, *, by: Actor, task: str, tags: str) -> None:
    """Keep the task and the tags, written with commas or spaces between them."""
    by.require(may_sort, algorithm)
    if task and not Category.objects.filter(slug=task).exists():
        raise BadInput(
            _("There is no category %(task)s on this site; choose one of the list.")
            % {"task": repr(task[:40])}
        )
    names = _names(tags)
    algorithm.task = task
    algorithm.save()
    known = {tag.name: tag for tag in Tag.objects.filter(name__in=names)}
    made = [Tag(name=name) for name in names if name not in known]
    Tag.objects.bulk_create(made, ignore_conflicts=True)
    algorithm.tags.set(Tag.objects.filter(name__in=names))


def _names(text: str) -> list[str]:
    names = list(dict.fromkeys(re.split(r"[,\s]+", text.strip().lower())))
    names = [name for name in names if name]
    if len(names) > MOST_TAGS:
        raise BadInput(
            _("An algorithm has %(most_tags)s tags at most, and these are %(names)s.")
            % {"most_tags": MOST_TAGS, "names": len(names)}
        )
    for name in names:
        if not _TAG.match(name):
            raise BadInput(
                _(
                    "The tag %(name)s cannot be used: 30 characters at most, letters from a to z, "
                    "digits and hyphens."
                )
                % {"name": repr(name[:40])}
            )
    return names
