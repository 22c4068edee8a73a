"""Words by which an algorithm is found: tags its author gives, and what it is for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from algorithms.models import Algorithm
from algorithms.permissions import may_edit
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput

MOST_TAGS: Final = 10
_TAG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?")


def read(text: str) -> list[str]:
    """Tags as a person writes them, `Image, Face Recognition`, as they are kept."""
    words = [re.sub(r"[\s_]+", "-", word.strip().lower()) for word in text.split(",")]
    tags = list(dict.fromkeys(word for word in words if word))
    wrong = [tag for tag in tags if not _TAG.fullmatch(tag)]
    if wrong:
        raise BadInput(
            _("%(wrong)s cannot be a tag: take letters a to z, digits and hyphens, 30 at most.")
            % {"wrong": repr(wrong[0][:40])}
        )
    if len(tags) > MOST_TAGS:
        raise BadInput(_("An algorithm has %(most_tags)s tags at most.") % {"most_tags": MOST_TAGS})
    return tags


@transaction.atomic
def put(algorithm: Algorithm, tags: Iterable[str], *, by: Actor) -> None:
    """Give the algorithm these tags and no others."""
    by.require(may_edit, algorithm)
    rows = algorithm.tags.model._default_manager  # noqa: SLF001 - it is public in Django
    algorithm.tags.set([rows.get_or_create(name=tag)[0] for tag in tags])


def tasks(algorithm: Algorithm) -> list[tuple[str, str]]:
    """What an algorithm can be for: the shelves that the staff keeps, as (slug, title)."""
    rows = algorithm.categories.model._default_manager  # noqa: SLF001
    ordered = rows.order_by("position", "title").values_list("slug", "title")
    return [(slug, _(title)) for slug, title in ordered]
