"""Ask for a new password by mail, and set it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from marketplace.accounts import browsers, recovery
from marketplace.accounts.forms import ForgottenForm, NewPasswordForm, carried_out
from marketplace.accounts.pages import sent


@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """The answer is the same, and as quick, whether or not there is such an account."""
    form = ForgottenForm(sent(request))
    if form.is_valid():
        login, address = form.cleaned_data["login"], browsers.address_of(request)
        if carried_out(form, lambda: recovery.ask(login, address=address)):
            return render(request, "accounts/link_sent.html")
    return render(request, "accounts/forgotten.html", {"form": form})


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def new_password(request: HttpRequest, reference: str, token: str) -> HttpResponse:
    person = recovery.person_of(reference, token)
    form = NewPasswordForm(sent(request))
    if form.is_valid():
        password = form.cleaned_data["password"]
        if carried_out(form, lambda: recovery.reset(reference, token, password=password)):
            messages.success(request, _("Your password is set. Sign in with it now."))
            return redirect("accounts:sign_in")
    context = {"form": form, "person": person}
    return render(
        request, "accounts/new_password.html", context, status=400 if form.errors else 200
    )
