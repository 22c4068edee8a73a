"""The entrance: apps on their origins, calls to the gateway, WebSockets, the rest to Django."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from marketplace.lib.streaming import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
django_application: Any = get_asgi_application()  # sets Django up before anything below is imported

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings

from algorithms import gateway
from algorithms.routing import websocket_urlpatterns as of_algorithms
from marketplace import embedded
from marketplace.accounts.routing import websocket_urlpatterns as of_people
from marketplace.compat import calls, git_http, request_events
from marketplace.lib import live
from marketplace.web_apps import entrance as web_apps
from projects.routing import websocket_urlpatterns as of_projects
from runners import host
from runners.relay import Receive, Scope, Send

websockets = AllowedHostsOriginValidator(
    AuthMiddlewareStack(URLRouter([*of_algorithms, *of_projects, *of_people]))
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Send each connection where it belongs; nothing of the site is served at an app's origin."""
    if scope["type"] == "http":
        if web_apps.takes(scope):
            await web_apps.application(scope, receive, send)
        elif calls.takes(scope["path"]):
            await calls.application(scope, receive, send)
        elif git_http.takes(scope["path"]):
            await git_http.application(scope, receive, send)
        elif request_events.takes(scope["path"]):
            await request_events.application(scope, receive, send)
        else:
            await django_application(scope, receive, send)
    elif scope["type"] == "websocket":
        if web_apps.takes(scope) or web_apps.comes_from_an_app(scope):
            await web_apps.refuse_socket(receive, send)
            return
        await websockets(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _live(receive, send)


async def _live(receive: Receive, send: Send) -> None:
    """Start what the process needs besides requests, and end it in the opposite order."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                await _start()
            except Exception as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await _stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _start() -> None:
    live.serve_on(asyncio.get_running_loop())
    await asyncio.to_thread(gateway.open_journal)
    if settings.IS_EMBEDDED:
        await host.start_pool(application)
        await asyncio.to_thread(embedded.start)
    else:
        await host.start_fleet()


async def _stop() -> None:
    if settings.IS_EMBEDDED:
        await asyncio.to_thread(embedded.stop)
    await host.stop()
    await asyncio.to_thread(gateway.close_journal)
    live.serve_on(None)
