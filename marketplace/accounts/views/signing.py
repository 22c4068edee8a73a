"""Come in and go out."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.accounts import registration, signing_in
from marketplace.accounts.forms import SignInForm, SignUpForm, carried_out
from marketplace.accounts.middleware import ActorRequest, actor_of_session
from marketplace.accounts.models import User
from marketplace.accounts.pages import sent

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_up(request: ActorRequest) -> HttpResponse:
    """Make an account; the answer shows its first key, which no other page can show again."""
    if not request.actor.is_anonymous:
        return redirect(_next(request))
    form = SignUpForm(sent(request))
    if form.is_valid():
        made = carried_out(form, lambda: registration.sign_up(**form.cleaned_data))
        if made is not None:
            _let_in(request, made.user)
            shown = {"key": made.key, "secret": made.secret, "next": _next(request, home="")}
            return render(request, "accounts/welcome.html", shown)
    return _form(request, "accounts/sign_up.html", form)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: ActorRequest) -> HttpResponse:
    if not request.actor.is_anonymous:
        return redirect(_next(request))
    form = SignInForm(sent(request))
    if form.is_valid():
        person = carried_out(form, lambda: _checked(request, form))
        if person is not None:
            _let_in(request, person)
            return redirect(_next(request))
    return _form(request, "accounts/sign_in.html", form)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(resolve_url(settings.LOGOUT_REDIRECT_URL))


def _let_in(request: ActorRequest, person: User) -> None:
    """Begin a new session; what the answer shows is already the person's."""
    login(request, person, _BACKEND)
    request.actor = actor_of_session(request)


def _checked(request: HttpRequest, form: SignInForm) -> User:
    return signing_in.check(
        form.cleaned_data["login"],
        form.cleaned_data["password"],
        address=request.META.get("REMOTE_ADDR", ""),
    )


def _form(request: HttpRequest, template: str, form: SignInForm | SignUpForm) -> HttpResponse:
    status = 400 if form.errors else 200
    return render(request, template, {"form": form, "next": _next(request, home="")}, status=status)


def _next(request: HttpRequest, *, home: str | None = None) -> str:
    """Where the person was going, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if wanted and is_ours:
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL) if home is None else home
