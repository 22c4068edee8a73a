"""Open a web app: what it may cost is asked here, where the person is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from algorithms import charging, resolving
from algorithms.resolving import Target
from algorithms.web_apps import addresses, visits
from billing.pricing import Price
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, sent
from marketplace.lib.errors import NotFound
from marketplace.lib.money import MICRO_PER_DOLLAR, format_dollars, in_dollars
from runners import contracts

_BUDGETS: Final = (MICRO_PER_DOLLAR // 10, MICRO_PER_DOLLAR, 10 * MICRO_PER_DOLLAR)


class OpeningForm(forms.Form):
    budget = forms.TypedChoiceField(
        label=_lazy("This visit may cost at most"),
        choices=[(amount, f"${format_dollars(amount)}") for amount in _BUDGETS],
        initial=_BUDGETS[1],
        coerce=int,
        widget=forms.RadioSelect,
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Where the browser came from and wants to go back to."""

    origin: str
    state: str
    onward: str
    target: Target
    price: Price

    @property
    def host(self) -> str:
        return urlsplit(self.origin).netloc

    @property
    def is_free(self) -> bool:
        """Whether nothing can be charged, whatever the app does."""
        return self.price.is_free and not self.target.may_call_others

    @property
    def royalty(self) -> str:
        return f"${in_dollars(self.price.royalty):f}" if self.price.royalty else ""

    @property
    def second(self) -> str:
        return f"${in_dollars(self.price.rate):f}" if self.price.rate else ""


@for_people
@require_http_methods(["GET", "POST"])
def open_app(request: ActorRequest) -> HttpResponse:
    wanted = _wanted(request)
    if not wanted.state:  # a link from elsewhere; the app's origin sends the browser back here
        return redirect(f"{wanted.origin}/")
    form = OpeningForm(sent(request))
    if form.is_valid():
        code = visits.allow(
            wanted.host,
            by=request.actor,
            session_key=request.session.session_key or "",
            state=wanted.state,
            budget=form.cleaned_data["budget"],
        )
        query = urlencode({"code": code, "next": wanted.onward})
        return redirect(f"{wanted.origin}/.agorithm/enter?{query}")
    context = {"wanted": wanted, "form": form}
    answer = render(request, "web_apps/open.html", context, status=400 if form.errors else 200)
    answer._csp_update = {"form-action": [wanted.origin]}  # type: ignore[attr-defined]  # noqa: SLF001
    return answer


def _wanted(request: ActorRequest) -> _Wanted:
    host = request.GET.get("app", "").lower()
    place = addresses.place_at(host) if addresses.is_of_an_app(host) else None
    label = host.partition(".")[0]
    if place is None or host != f"{label}.{addresses.domain()}":
        raise NotFound(_("There is no app at this address."))
    target = resolving.resolve(place.owner, place.name, place.version, by=request.actor)
    if not contracts.get(target.spec.contract).has_pages:
        raise NotFound(_("%(path)s is no web app.") % {"path": target.path})
    return _Wanted(
        origin=f"{urlsplit(settings.SITE_URL).scheme}://{host}",
        state=request.GET.get("state", "")[:200],
        onward=request.GET.get("next", "/")[:2000],
        target=target,
        price=charging.price_of(target, by=request.actor),
    )
