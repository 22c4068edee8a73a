"""Staff tables of the site itself. They are set on pages of their own, so here they are looked at."""

from __future__ import annotations

from django.contrib import admin

from algorithms.models import Call
from marketplace.accounts.admin import LookedAt
from marketplace.accounts.models import (
    Announcement,
    HealthDay,
    Incident,
    InviteCode,
    OwnerLimits,
    SiteSettings,
)


@admin.register(SiteSettings, Announcement, Incident, OwnerLimits, InviteCode)
class SiteAdmin(LookedAt):
    """Each change of these stands in the audit log because it is made on its page."""


@admin.register(HealthDay)
class HealthDayAdmin(LookedAt):
    list_display = ["day", "component", "samples", "failures", "note"]
    list_filter = ["component"]


@admin.register(Call)
class CallAdmin(LookedAt):
    """What was called and billed: written by the journal only."""

    list_display = ["started_at", "algorithm_id", "caller_id", "result", "total_us"]
    list_filter = ["result"]
    show_full_result_count = False
    search_fields = ["id"]
