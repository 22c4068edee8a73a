"""WebSocket paths of this app."""

from __future__ import annotations

from django.urls import path

from projects.consumers import LaunchLogConsumer

websocket_urlpatterns = [
    path("ws/launches/<uuid:launch_id>/<str:state>/log/", LaunchLogConsumer.as_asgi()),
]
