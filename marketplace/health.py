"""For load balancers and people: is the process alive, and can it serve."""

from __future__ import annotations

from collections.abc import Callable

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from algorithms import gateway
from marketplace import embedded
from runners import host


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view's signature
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view's signature
    """Everything that a page or a call needs answers too; 503 names what does not.

    `calls` is the number of calls in progress: zero when a process can be ended unnoticed.
    """
    checks = {"database": _database, "runner": _runner, "tasks": _tasks}
    problems = {name: problem for name, check in checks.items() if (problem := _ask(check))}
    status = "unready" if problems else "ok"
    answer = {"status": status, "calls": gateway.calls_in_progress(), **problems}
    return JsonResponse(answer, status=503 if problems else 200)


def _ask(check: Callable[[], str]) -> str:
    """The problem that a check names, or the kind of error it ended with."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever it is, this process cannot serve
        return f"does not answer ({type(error).__name__})"


_is_migrated = False


def _database() -> str:
    global _is_migrated  # noqa: PLW0603 - once true it stays true
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if not _is_migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return "has migrations to run: manage.py migrate"
        _is_migrated = True
    return ""


def _runner() -> str:
    return "" if host.is_running() else "has not started"


def _tasks() -> str:
    if settings.IS_EMBEDDED:
        return "" if embedded.is_alive() else "the background worker is not running"
    return "" if get_channel_layer() is not None else "no channel layer"
