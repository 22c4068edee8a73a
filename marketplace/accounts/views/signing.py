"""Come in, with a second factor where the person has one, and go out."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.accounts import (
    browsers,
    new_keys,
    registration,
    second_factor,
    signing_in,
)
from marketplace.accounts.entering import WAITING, enter, let_in
from marketplace.accounts.forms import CodeForm, SignInForm, SignUpForm, carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import User
from marketplace.accounts.pages import next_page, sent

_PATIENCE: Final = timedelta(minutes=10)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_up(request: ActorRequest) -> HttpResponse:
    """Make an account; the answer shows its first key, which no other page can show again."""
    if not request.actor.is_anonymous:
        return redirect(next_page(request))
    form = SignUpForm(sent(request))
    if form.is_bound:
        _say_all_mistakes(form)
    if form.is_valid():
        data = form.cleaned_data | {"address": browsers.address_of(request)}
        made = carried_out(form, lambda: registration.sign_up(**data))
        if made is not None:
            let_in(request, made.user, method="sign-up")
            wanted = next_page(request, home="")
            if wanted.startswith("/algorithms/"):  # its snippets show the key, once
                new_keys.leave(request, made.key, made.secret)
                return redirect(wanted)
            shown = {"key": made.key, "secret": made.secret, "next": wanted}
            return render(request, "accounts/welcome.html", shown)
    return _form(request, "accounts/sign_up.html", form)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: ActorRequest) -> HttpResponse:
    if not request.actor.is_anonymous:
        return redirect(next_page(request))
    form = SignInForm(sent(request))
    if form.is_valid():
        person = carried_out(form, lambda: _checked(request, form))
        if person is not None and second_factor.is_on(person):
            request.session[WAITING] = [person.pk, timezone.now().timestamp()]
            return redirect(f"{resolve_url('accounts:second_factor')}{_query(request)}")
        if person is not None:
            return enter(request, person, method="password")
    return _form(request, "accounts/sign_in.html", form)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def second(request: ActorRequest) -> HttpResponse:
    """After the password: a code of the authenticator app, or a recovery code."""
    person = _waiting(request)
    if person is None:
        return redirect("accounts:sign_in")
    form = CodeForm(sent(request))
    if form.is_valid():
        kind = carried_out(
            form, lambda: second_factor.check(person, form.cleaned_data["code"]), field="code"
        )
        if kind is not None:
            return enter(request, person, method=f"password and {kind}")
    return _form(request, "accounts/second_factor.html", form)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(resolve_url(settings.LOGOUT_REDIRECT_URL))


def _say_all_mistakes(form: SignUpForm) -> None:
    """Add what only the account's rules know to what the form itself finds, field by field."""
    given = {name: str(form.data.get(name, "")) for name in ("username", "email", "password")}
    missing = {name for name in given if form.has_error(name)}
    for field, sentence in registration.mistakes(**given).items():
        if field not in missing:
            form.add_error(field, sentence)


def _waiting(request: HttpRequest) -> User | None:
    """Who has given the right password a moment ago and still owes the second factor."""
    user_id, since = request.session.get(WAITING, (0, 0))
    if since < (timezone.now() - _PATIENCE).timestamp():
        return None
    return User.objects.filter(pk=user_id, is_active=True).select_related("owner").first()


def _query(request: HttpRequest) -> str:
    wanted = next_page(request, home="")
    return f"?next={wanted}" if wanted else ""


def _checked(request: HttpRequest, form: SignInForm) -> User:
    return signing_in.check(
        form.cleaned_data["login"],
        form.cleaned_data["password"],
        address=browsers.address_of(request),
    )


def _form(
    request: HttpRequest, template: str, form: SignInForm | SignUpForm | CodeForm
) -> HttpResponse:
    status = 400 if form.errors else 200
    context = {"form": form, "next": next_page(request, home="")}
    return render(request, template, context, status=status)
