"""WebSocket paths of this app."""

from __future__ import annotations

from django.urls import path

from algorithms.consumers import BuildLogConsumer
from algorithms.watching.consumers import FirstCallConsumer, RunConsumer

websocket_urlpatterns = [
    path("ws/builds/<uuid:build_id>/log/", BuildLogConsumer.as_asgi()),
    path("ws/runs/<str:ticket>/", RunConsumer.as_asgi()),
    path("ws/keys/<uuid:key_id>/first-call/", FirstCallConsumer.as_asgi()),
]
