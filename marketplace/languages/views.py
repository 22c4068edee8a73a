"""The switch in the foot of every page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from marketplace.accounts import preferences
from marketplace.accounts.middleware import ActorRequest


@require_POST
def choose(request: ActorRequest) -> HttpResponse:
    """Show pages in the language from now on, and lead back to where the visitor was."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        back = "/"
    answer = HttpResponseRedirect(back)
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        preferences.choose_language(answer, language, by=request.actor)
    return answer
