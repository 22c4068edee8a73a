"""Sign-in security: authenticator app, passkeys, browsers, what happened; and “is it you?”."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts import browsers, profiles, second_factor, signing_in
from marketplace.accounts.forms import CodeForm, ConfirmForm, PasswordForm, carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import AuditEntry, Passkey, SignedInBrowser, User
from marketplace.accounts.pages import for_people, freshly_signed_in, next_page, self_of, sent

EVENTS_PER_PAGE: Final = 50
_EVENTS_SHOWN: Final = 8


@for_people
@require_safe
def overview(request: ActorRequest) -> HttpResponse:
    """How the account is guarded, where it is open, and what happened lately."""
    return _page(request, PasswordForm())


@sensitive_post_parameters()
@for_people
@require_POST
def password(request: ActorRequest) -> HttpResponse:
    """Change the password, which signs all other browsers out."""
    owner = self_of(request)
    form = PasswordForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        user = carried_out(form, lambda: profiles.change_password(owner, by=request.actor, **data))
        if user is not None:
            browsers.end_others(by=request.actor, but=request.session.session_key or "")
            update_session_auth_hash(request, user)
            SignedInBrowser.objects.filter(user=user).update(
                session_key=request.session.session_key
            )
            messages.success(request, _("Your password is changed."))
            return redirect("accounts:security")
    return _page(request, form)


@for_people
@require_safe
def history(request: ActorRequest) -> HttpResponse:
    events = AuditEntry.objects.filter(user=request.actor.user_id)
    page = Paginator(events, EVENTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "accounts/history.html", {"page": page, "section": "security"})


@freshly_signed_in
@require_http_methods(["GET", "POST"])
def app(request: ActorRequest) -> HttpResponse:
    """Set up an authenticator app: show its secret, take a first code, show the recovery codes."""
    row = second_factor.begin(by=request.actor)
    form = CodeForm(sent(request))
    if form.is_valid():
        code = form.cleaned_data["code"]
        codes = carried_out(
            form, lambda: second_factor.confirm(code, by=request.actor), field="code"
        )
        if codes is not None:
            return _codes(request, codes, is_new=True)
    secret = row.unseal()
    context = {
        "form": form,
        "picture": mark_safe(second_factor.picture_of(row)),  # noqa: S308 - drawn by us
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "section": "security",
    }
    status = 400 if form.errors else 200
    return render(request, "accounts/authenticator.html", context, status=status)


@freshly_signed_in
@require_http_methods(["GET", "POST"])
def app_off(request: ActorRequest) -> HttpResponse:
    if request.method == "POST":
        second_factor.turn_off(by=request.actor)
        messages.success(request, _("The authenticator app is removed."))
        return redirect("accounts:security")
    return render(request, "accounts/authenticator_off.html", {"section": "security"})


@freshly_signed_in
@require_http_methods(["GET", "POST"])
def recovery_codes(request: ActorRequest) -> HttpResponse:
    """Make new recovery codes; the earlier ones end, so that is asked first."""
    if request.method == "POST":
        return _codes(request, second_factor.new_recovery_codes(by=request.actor), is_new=False)
    left = second_factor.codes_left(request.actor.user_id or 0)
    context = {"left": left, "section": "security"}
    return render(request, "accounts/recovery_codes_ask.html", context)


@for_people
@require_POST
def end_browser(request: ActorRequest, browser_id: int) -> HttpResponse:
    browsers.end(browser_id, by=request.actor)
    messages.success(request, _("That browser is signed out."))
    return redirect("accounts:security")


@for_people
@require_POST
def end_other_browsers(request: ActorRequest) -> HttpResponse:
    count = browsers.end_others(by=request.actor, but=request.session.session_key or "")
    messages.success(request, _("Signed out elsewhere: %(count)s.") % {"count": count})
    return redirect("accounts:security")


@never_cache
@sensitive_post_parameters("password")
@for_people
@require_http_methods(["GET", "POST"])
def confirm(request: ActorRequest) -> HttpResponse:
    """Is it really you? Before what a stranger at an unlocked screen must not do."""
    form = ConfirmForm(sent(request))
    if form.is_valid():
        password = form.cleaned_data["password"]
        address = browsers.address_of(request)
        user = carried_out(
            form,
            lambda: signing_in.check(request.user.get_username(), password, address=address),
            field="password",
        )
        if user is not None and user.pk == request.actor.user_id:
            browsers.note_confirmed(request)
            return redirect(next_page(request))
    context = {
        "form": form,
        "next": next_page(request, home=""),
        "has_passkeys": Passkey.objects.filter(user=request.actor.user_id or 0).exists(),
    }
    return render(request, "accounts/confirm.html", context, status=400 if form.errors else 200)


def _codes(request: ActorRequest, codes: list[str], *, is_new: bool) -> HttpResponse:
    context = {"codes": codes, "is_new": is_new, "section": "security"}
    return render(request, "accounts/recovery_codes.html", context)


def _page(request: ActorRequest, password_form: PasswordForm) -> HttpResponse:
    user_id = request.actor.user_id or 0
    context = {
        "section": "security",
        "has_app": second_factor.is_on(User.objects.get(pk=user_id)),
        "codes_left": second_factor.codes_left(user_id),
        "passkeys": Passkey.objects.filter(user=user_id).order_by("created_at"),
        "browsers": [
            (row, browsers.in_words(row.agent)) for row in browsers.mine(by=request.actor)
        ],
        "this_session": request.session.session_key,
        "events": AuditEntry.objects.filter(user=user_id)[:_EVENTS_SHOWN],
        "password_form": password_form,
        "has_password": User.objects.get(pk=user_id).has_usable_password(),
    }
    status = 400 if password_form.errors else 200
    return render(request, "accounts/security.html", context, status=status)
