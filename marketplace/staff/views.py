"""Pages of the site's staff, and the status page for everybody."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts import limits, site_settings
from marketplace.accounts.forms import carried_out
from marketplace.accounts.limits import Limits
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Announcement, Incident, InviteCode, Owner, OwnerLimits
from marketplace.accounts.pages import for_people, sent
from marketplace.accounts.permissions import may_administer
from marketplace.lib.errors import NotFound
from marketplace.staff import auditing, health_samples, incidents
from marketplace.staff.auditing import Filter
from marketplace.staff.forms import (
    AnnouncementForm,
    AuditForm,
    IncidentForm,
    IncidentUpdateForm,
    InvitationForm,
    OwnerLimitsForm,
    SettingsForm,
)

PER_PAGE: Final = 50
MOST_PUT_AWAY: Final = 20
_SITE: Final = "this site"


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """How every component is and has been, and what went wrong."""
    context = {
        "components": health_samples.components(),
        "days": health_samples.DAYS,
        "ongoing": incidents.ongoing(),
        "past": incidents.past(),
    }
    return render(request, "staff/status.html", context)


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def site(request: ActorRequest) -> HttpResponse:
    """Title, terms, who may sign up, and what everybody may use."""
    request.actor.require(may_administer, _SITE)
    present = site_settings.current()
    initial = {name: getattr(present, name) for name in SettingsForm.base_fields}
    form = SettingsForm(sent(request), initial=initial)
    if form.is_valid():
        values = form.cleaned_data
        if carried_out(form, lambda: site_settings.change(by=request.actor, **values)):
            messages.success(request, _("The settings are kept."))
            return redirect("staff:settings")
    context = {
        "form": form,
        "invitation_form": InvitationForm(),
        "invitations": InviteCode.objects.select_related("made_by"),
        "defaults": settings,
        "tab": "settings",
    }
    return _page(request, "staff/settings.html", context, form)


@for_people
@require_POST
def invitation(request: ActorRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        made = carried_out(form, lambda: site_settings.make_invitation(by=request.actor, **values))
        if made is not None:
            messages.success(request, _("The code is %(code)s.") % {"code": made.code})
    for problems in form.errors.values():
        messages.error(request, " ".join(map(str, problems)))
    return redirect("staff:settings")


@for_people
@require_POST
def end_invitation(request: ActorRequest, code_id: int) -> HttpResponse:
    found = get_object_or_404(InviteCode, pk=code_id)
    site_settings.end_invitation(found, by=request.actor)
    return redirect("staff:settings")


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def announcements(request: ActorRequest) -> HttpResponse:
    request.actor.require(may_administer, _SITE)
    form = AnnouncementForm(sent(request))
    if form.is_valid():
        values = form.cleaned_data
        values["starts_at"] = values["starts_at"] or timezone.now()
        made = Announcement(**values)
        if carried_out(form, lambda: site_settings.announce(by=request.actor, announcement=made)):
            messages.success(request, _("Announced."))
            return redirect("staff:announcements")
    context = {
        "form": form,
        "announcements": Announcement.objects.all()[:PER_PAGE],
        "now": timezone.now(),
        "tab": "announcements",
    }
    return _page(request, "staff/announcements.html", context, form)


@for_people
@require_POST
def take_down(request: ActorRequest, announcement_id: UUID) -> HttpResponse:
    found = get_object_or_404(Announcement, pk=announcement_id)
    site_settings.take_down(found, by=request.actor)
    messages.success(request, _("Taken down."))
    return redirect("staff:announcements")


@require_POST
def dismiss(request: HttpRequest, announcement_id: UUID) -> HttpResponse:
    """Put an announcement away in this browser."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    answer = redirect(wanted if is_ours else "/")
    earlier = [one for one in request.COOKIES.get("dismissed", "").split(".") if one]
    kept = [*earlier[-MOST_PUT_AWAY:], announcement_id.hex]
    answer.set_cookie(
        "dismissed",
        ".".join(kept),
        max_age=90 * 86400,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return answer


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def owner_limits(request: ActorRequest) -> HttpResponse:
    """Limits that differ from everybody's."""
    request.actor.require(may_administer, _SITE)
    form = OwnerLimitsForm(sent(request), initial=_initial_limits(request.GET.get("owner", "")))
    made = carried_out(form, lambda: _set_limits(request, form)) if form.is_valid() else None
    if made is not None:
        messages.success(request, _("The limits are kept."))
        return redirect("staff:limits")
    context = {
        "form": form,
        "rows": OwnerLimits.objects.select_related("owner").order_by("owner__name"),
        "site": site_settings.current(),
        "defaults": settings,
        "tab": "limits",
    }
    return _page(request, "staff/limits.html", context, form)


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def incident_list(request: ActorRequest) -> HttpResponse:
    request.actor.require(may_administer, _SITE)
    form = IncidentForm(sent(request))
    if form.is_valid():
        values = form.cleaned_data
        if carried_out(form, lambda: incidents.begin(**values, by=request.actor)):
            return redirect("staff:incidents")
    context = {
        "form": form,
        "ongoing": incidents.ongoing(),
        "past": incidents.past(),
        "update_form": IncidentUpdateForm(),
        "tab": "incidents",
    }
    return _page(request, "staff/incidents.html", context, form)


@for_people
@require_POST
def update_incident(request: ActorRequest, incident_id: UUID) -> HttpResponse:
    found = get_object_or_404(Incident, pk=incident_id)
    form = IncidentUpdateForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        carried_out(form, lambda: incidents.update(found, **values, by=request.actor))
    for problems in form.errors.values():
        messages.error(request, " ".join(map(str, problems)))
    return redirect("staff:incidents")


@for_people
@require_safe
def audit_log(request: ActorRequest) -> HttpResponse:
    form = AuditForm(request.GET)
    wanted = Filter(**form.cleaned_data) if form.is_valid() else Filter()
    rows = auditing.entries(wanted, by=request.actor)
    address = request.GET.copy()
    address.pop("page", None)
    context = {
        "form": form,
        "rows": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "address": address.urlencode(),
        "tab": "audit",
    }
    return render(request, "staff/audit.html", context)


@require_safe
def audit_csv(request: ActorRequest) -> HttpResponseBase:
    form = AuditForm(request.GET)
    wanted = Filter(**form.cleaned_data) if form.is_valid() else Filter()
    lines = auditing.as_csv(auditing.entries(wanted, by=request.actor))
    day = timezone.now().strftime("%Y-%m-%d")
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="audit-{day}.csv"',
            "Cache-Control": "no-store, private",
        },
    )


def _set_limits(request: ActorRequest, form: OwnerLimitsForm) -> OwnerLimits:
    values: dict[str, Any] = dict(form.cleaned_data)
    owner = Owner.objects.named(values.pop("owner")).open().first()
    if owner is None:
        raise NotFound(_("There is no account or organization of this name."))
    note = values.pop("note")
    return limits.set_for(owner, by=request.actor, limits=Limits(**values), note=note)


def _initial_limits(name: str) -> dict[str, Any]:
    row = OwnerLimits.objects.filter(owner__in=Owner.objects.named(name)).first()
    if row is None:
        return {"owner": name}
    fields = ("calls_at_once", "builds_at_once", "storage_bytes", "note")
    return {"owner": name, **{field: getattr(row, field) for field in fields}}


def _page(request: ActorRequest, template: str, context: dict[str, Any], form: Any) -> HttpResponse:  # noqa: ANN401 - any form
    return render(request, template, context, status=400 if form.errors else 200)
