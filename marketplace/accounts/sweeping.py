"""Forget what has ended: sessions, invitations, and what was only counted for a while."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from marketplace.accounts.attempts import KEPT
from marketplace.accounts.models import Attempt, Invitation, SignedInBrowser


@shared_task(name="marketplace.accounts.sweeping.sweep")
def sweep() -> dict[str, int]:
    """Remove all that is due; safe to run at any time and twice at once."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    alive = Session.objects.values("session_key")
    return {
        "browsers": SignedInBrowser.objects.exclude(session_key__in=alive).delete()[0],
        "invitations": Invitation.objects.filter(expires_at__lt=now).delete()[0],
        "attempts": Attempt.objects.filter(at__lt=now - KEPT).delete()[0],
    }
