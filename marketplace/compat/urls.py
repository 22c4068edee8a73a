"""Every /v1 path in one list, by area. Calls themselves never come here: see marketplace/asgi.py."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from marketplace.api.rest import either
from marketplace.compat import data, requests

requests_urls = either("v1/requests/<str:request_id>", requests.RequestView.as_view())

# A data path may hold `//` (of `s3+label://…`) and must not be redirected for a slash.
_DATA_PATH = r"(?:/(?P<path>(?s:.*)))?\Z"
data_urls = [
    re_path(rf"^v1/data{_DATA_PATH}", data.DataView.as_view()),
    re_path(rf"^(?:api/)?v1/connector/(?P<connector>[^/]+){_DATA_PATH}", data.DataView.as_view()),
    *either("v1/hostedData", data.HostedDataView.as_view()),
    *either("v1/users/<str:username>/connectors", data.ConnectorsView.as_view()),
]

urlpatterns: list[URLPattern] = [
    *data_urls,
    *requests_urls,
]
