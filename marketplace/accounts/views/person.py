"""What people change about themselves: name, picture, address, language; and their data."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts import (
    avatars,
    closing,
    email_change,
    exporting,
    preferences,
    profiles,
)
from marketplace.accounts.forms import (
    CloseForm,
    DetailsForm,
    EmailForm,
    PictureForm,
    carried_out,
)
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Avatar, Owner
from marketplace.accounts.pages import for_people, freshly_signed_in, self_of, sent
from marketplace.accounts.uploads import takes_files


@for_people
@require_http_methods(["GET", "POST"])
def profile(request: ActorRequest) -> HttpResponse:
    owner = self_of(request)
    form = DetailsForm(sent(request), initial=_present(request))
    if form.is_valid():
        data = form.cleaned_data
        user = carried_out(form, lambda: profiles.change_details(owner, by=request.actor, **data))
        if user is not None:
            messages.success(request, _("Saved."))
            answer = redirect("accounts:profile")
            preferences.change(answer, user)
            return answer
    return _page(request, form=form)


@freshly_signed_in
@require_http_methods(["GET", "POST"])
def email(request: ActorRequest) -> HttpResponse:
    """Ask for another address; it counts once its link is used."""
    form = EmailForm(sent(request))
    if form.is_valid():
        owner, wanted = self_of(request), form.cleaned_data["email"]
        address = carried_out(
            form,
            lambda: email_change.ask(owner, wanted, by=request.actor, link_of=_link),
            field="email",
        )
        if address is not None:
            return render(request, "accounts/email_sent.html", {"address": address})
    context = {"form": form, "section": "profile"}
    return render(request, "accounts/email.html", context, status=400 if form.errors else 200)


@never_cache
@for_people
@require_http_methods(["GET", "POST"])
def confirm_email(request: ActorRequest, token: str) -> HttpResponse:
    """Where the mailed link leads: one more press, so that no mail scanner confirms for people."""
    user, address = email_change.behind(token)
    if request.method == "POST":
        email_change.confirm(token, by=request.actor)
        messages.success(request, _("Your address is now %(new)s.") % {"new": address})
        return redirect("accounts:profile")
    context = {"address": address, "account": user.username}
    return render(request, "accounts/confirm_email.html", context)


@for_people
@require_POST
@takes_files(lambda: avatars.MOST_BYTES + 1)
def picture(request: ActorRequest) -> HttpResponse:
    """Take a picture, or remove it."""
    owner = self_of(request)
    if "remove" in request.POST:
        avatars.remove(owner, by=request.actor)
        messages.success(request, _("The picture is removed."))
        return redirect("accounts:profile")
    form = PictureForm(request.POST, request.FILES)
    if form.is_valid():
        content = form.cleaned_data["picture"].read(avatars.MOST_BYTES + 1)
        made = carried_out(
            form, lambda: avatars.change(owner, content, by=request.actor), field="picture"
        )
        if made is not None:
            messages.success(request, _("This is your picture now."))
            return redirect("accounts:profile")
    return _page(request, picture_form=form)


@require_safe
def avatar(request: HttpRequest, name: str) -> HttpResponse:
    """The picture of a person or an organization, or their initials; the same for everybody."""
    owner = get_object_or_404(
        Owner.objects.open().select_related("user", "organization"), name=name
    )
    own = Avatar.objects.filter(owner=owner).first()
    tag = f'"{own.digest[:32]}"' if own is not None else f'"initials-{owner.label}"'
    tag = tag.encode("ascii", "xmlcharrefreplace").decode()
    if request.headers.get("If-None-Match") == tag:
        answer: HttpResponse = HttpResponseNotModified()
    elif own is not None:
        answer = HttpResponse(bytes(own.image), content_type="image/webp")
    else:
        answer = HttpResponse(avatars.initials(owner), content_type="image/svg+xml")
    answer["ETag"] = tag
    answer["Cache-Control"] = "public, max-age=300"
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'none'; sandbox"
    return answer


@for_people
@require_safe
def own_data(request: ActorRequest) -> HttpResponse:
    context = {"section": "data", "ends": closing.what_ends(self_of(request))}
    return render(request, "accounts/own_data.html", context)


@freshly_signed_in
@require_http_methods(["GET", "POST"])
def export(request: ActorRequest) -> HttpResponse:
    """Everything kept about me, to take away."""
    if request.method == "GET":
        return redirect("accounts:own_data")
    owner = self_of(request)
    archive = exporting.export(owner, by=request.actor, site=settings.SITE_NAME)
    answer = HttpResponse(archive, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{owner.name}.zip"'
    return answer


@freshly_signed_in
@require_http_methods(["GET", "POST"])
def close(request: ActorRequest) -> HttpResponse:
    """Close my account for good, once its name is typed."""
    owner = self_of(request)
    form = CloseForm(sent(request))
    if form.is_valid():
        if form.cleaned_data["name"].strip().lower() != owner.name.lower():
            form.add_error("name", _("That is not the name of this account; nothing was closed."))
        elif carried_out(form, lambda: _closed(request, owner)):
            logout(request)
            return render(request, "accounts/closed.html", {"name": owner.name})
    context = {"form": form, "owner": owner, "ends": closing.what_ends(owner), "section": "data"}
    return render(request, "accounts/close.html", context, status=400 if form.errors else 200)


def _closed(request: ActorRequest, owner: Owner) -> bool:
    closing.close(owner, by=request.actor)
    return True


def _link(token: str) -> str:
    return f"{settings.SITE_URL}{reverse('accounts:confirm_email', args=[token])}"


def _present(request: ActorRequest) -> dict[str, str]:
    user = self_of(request).user
    if user is None:
        return {}
    return {"full_name": user.full_name, "language": user.language, "theme": user.theme}


def _page(
    request: ActorRequest,
    *,
    form: DetailsForm | None = None,
    picture_form: PictureForm | None = None,
) -> HttpResponse:
    owner = self_of(request)
    context = {
        "owner": owner,
        "form": form or DetailsForm(initial=_present(request)),
        "picture_form": picture_form or PictureForm(),
        "has_picture": Avatar.objects.filter(owner=owner).exists(),
        "section": "profile",
    }
    errors = (form is not None and form.errors) or (picture_form and picture_form.errors)
    return render(request, "accounts/profile.html", context, status=400 if errors else 200)
