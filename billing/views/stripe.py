"""Stripe's own door, and that to the pages of its double."""

from __future__ import annotations

import http.client
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from billing import webhooks
from billing.stripe_double import place
from marketplace.lib.errors import MarketplaceError, NotFound

_SECONDS = 10


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Store what Stripe tells; an unsigned word is refused, a stored one answered at once."""
    try:
        webhooks.receive(request.body, request.headers.get("Stripe-Signature", ""))
    except MarketplaceError as error:
        return JsonResponse({"error": error.message}, status=error.status)
    return HttpResponse(status=200)


@csrf_exempt  # these pages stand for Stripe's, which know no session of this site
@require_http_methods(["GET", "POST"])
def test_page(request: HttpRequest, path: str) -> HttpResponse:
    """Pass on to the double, which listens where visitors cannot reach it."""
    found = place.find(settings.STRIPE_DOUBLE_DIR) if settings.STRIPE_DOUBLE else None
    if found is None:
        raise NotFound("There is no such page.")
    sent = urlencode(request.POST.dict()) if request.method == "POST" else None
    connection = http.client.HTTPConnection(urlsplit(found.address).netloc, timeout=_SECONDS)
    try:
        connection.request(str(request.method), f"/page/{path}", body=sent)
        answer = connection.getresponse()
        body, location = answer.read(), answer.headers.get("Location")
    except OSError as error:
        raise NotFound("The test payments are not running. Restart the site.") from error
    finally:
        connection.close()
    if location:
        # The address was given by this site when the page was made, as Stripe is given it.
        return HttpResponseRedirect(location, status=303)
    made = HttpResponse(body, status=answer.status)
    made["Cache-Control"] = "no-store, private"
    return made
