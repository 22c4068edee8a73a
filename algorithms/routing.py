"""WebSocket paths of this app."""

from __future__ import annotations

from django.urls import path

from algorithms.consumers import BuildLogConsumer

websocket_urlpatterns = [
    path("ws/builds/<uuid:build_id>/log/", BuildLogConsumer.as_asgi()),
]
