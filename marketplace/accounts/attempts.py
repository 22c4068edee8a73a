"""How often somebody may try something in a while, counted in the database across processes."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import ngettext

from marketplace.accounts.models import Attempt
from marketplace.lib.errors import TooMany

KEPT: Final = timedelta(days=1)


def admit(what: str, who: object, *, most: int, within: timedelta) -> None:
    """Count one attempt, or raise TooMany if there were too many lately.

    What is counted is the attempt, whatever comes of it; `forget` after a success.
    """
    now = timezone.now()
    mine = Attempt.objects.create(
        what=what, who=_digest(who), at=now
    )  # many at once see each other
    known = Attempt.objects.filter(what=what, who=_digest(who), at__gt=now - within)
    known = known.exclude(pk=mine.pk)
    lately = list(known.order_by("-at").values_list("at", flat=True)[:most])
    if len(lately) >= most:
        mine.delete()
        seconds = int((lately[-1] + within - now).total_seconds()) + 1
        minutes = -(-seconds // 60)
        raise TooMany(
            ngettext(
                "Too many attempts. Try again in %(minutes)s minute.",
                "Too many attempts. Try again in %(minutes)s minutes.",
                minutes,
            )
            % {"minutes": minutes},
            retry_after=seconds,
        )


def forget(what: str, who: object) -> None:
    """Begin to count anew: the one who tried has succeeded."""
    Attempt.objects.filter(what=what, who=_digest(who)).delete()


def _digest(who: object) -> str:
    return hashlib.sha256(str(who).encode()).hexdigest()
