"""Every /v1 path in one list, by area. Calls themselves never come here: see marketplace/asgi.py."""

from __future__ import annotations

from django.urls import URLPattern

from marketplace.api.rest import either
from marketplace.compat import requests

requests_urls = either("v1/requests/<str:request_id>", requests.RequestView.as_view())

urlpatterns: list[URLPattern] = [
    *requests_urls,
]
