"""What people change about themselves, and what happened lately with their account."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.accounts import profiles
from marketplace.accounts.forms import DetailsForm, PasswordForm, carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import AuditEntry
from marketplace.accounts.pages import for_people, self_of, sent

_EVENTS_SHOWN = 10


@sensitive_post_parameters("password")
@for_people
@require_http_methods(["GET", "POST"])
def profile(request: ActorRequest) -> HttpResponse:
    owner = self_of(request)
    form = DetailsForm(sent(request), initial=_present(request))
    if form.is_valid():
        data = form.cleaned_data
        if carried_out(form, lambda: profiles.change_details(owner, by=request.actor, **data)):
            messages.success(request, "Saved.")
            return redirect("accounts:profile")
    return _page(request, form, PasswordForm())


@sensitive_post_parameters()
@for_people
@require_POST
def password(request: ActorRequest) -> HttpResponse:
    owner = self_of(request)
    form = PasswordForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        user = carried_out(form, lambda: profiles.change_password(owner, by=request.actor, **data))
        if user is not None:
            update_session_auth_hash(request, user)
            messages.success(request, "Your password is changed.")
            return redirect("accounts:profile")
    return _page(request, DetailsForm(initial=_present(request)), form)


def _present(request: ActorRequest) -> dict[str, str]:
    user = self_of(request).user
    return {"full_name": user.full_name, "email": user.email} if user is not None else {}


def _page(request: ActorRequest, form: DetailsForm, password_form: PasswordForm) -> HttpResponse:
    events = AuditEntry.objects.filter(user=request.actor.user_id)[:_EVENTS_SHOWN]
    context = {"form": form, "password_form": password_form, "events": events}
    status = 400 if form.errors or password_form.errors else 200
    return render(request, "accounts/profile.html", context, status=status)
