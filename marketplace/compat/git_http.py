"""Git over HTTPS: `/git/<owner>/<name>.git`, the raw ASGI callable in front of Django.

A push or a clone may be large and last long, so it never touches Django's threads: bytes go
between the connection and a `git` process as they come, both ways at once. Only who may do
what is asked of the database, in a few threads of our own.
"""

from __future__ import annotations

import logging
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from django.conf import settings

from algorithms import pushing
from algorithms.models import Algorithm, Build
from algorithms.pushing import FETCH, PUSH, SERVICES
from marketplace.accounts.actors import Actor
from marketplace.api import authentication
from marketplace.api.errors import as_header
from marketplace.compat import finding, git_builds, git_streams
from marketplace.compat.git_streams import Body, Departed, Git, threads, write
from marketplace.lib import pkt_lines
from marketplace.lib.errors import (
    BadInput,
    MarketplaceError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
)
from runners.relay import Receive, Scope, Send

logger = logging.getLogger(__name__)
PREFIX: Final = "/git/"
_PLACE: Final = re.compile(
    r"/git/(?P<owner>\w+)/(?P<name>\w+?)(?:\.git)?/(?P<what>info/refs|git-(?:upload|receive)-pack)\Z"
)
_PROTOCOL: Final = re.compile(r"[a-z0-9=:.-]{1,60}\Z")
_MIB: Final = 1024 * 1024
_SLACK: Final = _MIB
"""So that git itself refuses what is too large before we stop reading."""

_QUESTIONS: Final = 32 * _MIB
"""How much somebody who fetches may have to say about what they have already."""

_ADVICE: Final = "Keep models and data in a data collection."


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request of git's wants."""

    owner: str
    name: str
    service: str
    is_advertisement: bool
    authorization: str
    address: str
    protocol: str
    is_gzipped: bool


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who asks, and what they may have."""

    actor: Actor
    algorithm: Algorithm
    repository: Path


def takes(path: str) -> bool:
    return path.startswith(PREFIX)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request of git's; a refusal is a sentence that git shows."""
    try:
        ask = _read(scope)
        admitted = await threads.run(_admit, ask)
        if ask.is_advertisement:
            await _advertise(ask, admitted, send)
        else:
            await _serve(ask, admitted, receive, send)
    except Departed:
        return
    except MarketplaceError as error:
        await _refuse(send, error)
    except Exception:
        logger.exception("A request of git's failed at %s", scope["path"])
        await _refuse(send, Unavailable("The site failed, not your repository. Try again."))


def _read(scope: Scope) -> Ask:
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    place = _PLACE.match(scope["path"])
    if place is None:
        raise NotFound("There is no repository here. Repositories are at /git/OWNER/NAME.git")
    what = place["what"]
    is_advertisement = what == "info/refs"
    if scope["method"] != ("GET" if is_advertisement else "POST"):
        raise BadInput(f"This address does not know {scope['method']}.")
    if is_advertisement:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        what = query.get("service", [""])[0]
        if what not in SERVICES:
            raise NotAllowed("Your git is too old for this site: it must speak smart HTTP.")
    client = scope.get("client")
    protocol = headers.get(b"git-protocol", "")
    return Ask(
        owner=place["owner"],
        name=place["name"],
        service=what,
        is_advertisement=is_advertisement,
        authorization=headers.get(b"authorization", ""),
        address=client[0] if client else "",
        protocol=protocol if what == FETCH and _PROTOCOL.match(protocol) else "",
        is_gzipped=headers.get(b"content-encoding", "").lower() in ("gzip", "x-gzip"),
    )


def _admit(ask: Ask) -> Admitted:
    actor = authentication.actor_of_git(ask.authorization, address=ask.address)
    authentication.note_use(actor, ask.address)
    algorithm = finding.algorithm_at({"owner": ask.owner, "name": ask.name}, by=actor)
    return Admitted(actor, algorithm, pushing.check(algorithm, ask.service, by=actor))


async def _advertise(ask: Ask, admitted: Admitted, send: Send) -> None:
    """What branches there are; git asks this first."""
    served = pushing.served(admitted.repository, ask.service, is_advertisement=True)
    with served as (command, environment):
        async with _git(admitted, command, environment, ask.protocol) as git:
            branches = await git.all()
    if "version=2" not in ask.protocol.split(":"):
        service = pkt_lines.line(f"# service={ask.service}\n".encode())
        branches = service + pkt_lines.FLUSH + branches
    await _start(send, 200, [_type(ask.service, "advertisement")])
    await write(send, branches, is_last=True)


async def _serve(ask: Ask, admitted: Admitted, receive: Receive, send: Send) -> None:
    """Let git work: the request goes in as it comes, what git says goes out at once."""
    if ask.service == PUSH:
        limit = settings.GIT_PUSH_MB * _MIB + _SLACK
        body = Body(receive, limit=limit, is_gzipped=ask.is_gzipped)
        await _take_push(admitted, body, send)
        return
    body = Body(receive, limit=_QUESTIONS, is_gzipped=ask.is_gzipped)
    with pushing.served(admitted.repository, FETCH) as (command, environment):
        async with _git(admitted, command, environment, ask.protocol) as git:
            await _start(send, 200, [_type(FETCH, "result")])
            await git.converse(body, partial(write, send))
    await write(send, b"", is_last=True)


async def _take_push(admitted: Admitted, body: Body, send: Send) -> None:
    """Take it over as far as the rules allow, build it, and answer when that has ended."""
    commands = await body.commands()
    rules = await threads.run(pushing.rules, admitted.algorithm)
    report = pkt_lines.Report(has_bands=commands.shows_progress)
    await _start(send, 200, [_type(PUSH, "result")])
    if commands.updates:
        with pushing.served(admitted.repository, PUSH, rules=rules) as (command, environment):
            async with _git(admitted, command, environment) as git:
                await git.converse(body, lambda data: write(send, report.feed(data)))
        if commands.shows_progress:
            await _end_push(admitted, body, send, commands, report)
        else:
            await threads.run(_start_builds, admitted, _moved(commands, report))
    await write(send, b"", is_last=True)


def _git(
    admitted: Admitted, command: list[str], environment: dict[str, str], protocol: str = ""
) -> AbstractAsyncContextManager[Git]:
    account = admitted.actor.owner_id
    return git_streams.running(command, environment, protocol, account=account)


async def _end_push(
    admitted: Admitted,
    body: Body,
    send: Send,
    commands: pkt_lines.Commands,
    report: pkt_lines.Report,
) -> None:
    if body.is_too_large:
        said = f"A push may have {settings.GIT_PUSH_MB} MiB at most. {_ADVICE}\n"
        await write(send, pkt_lines.progress(said))
    for commit, build in await threads.run(_start_builds, admitted, _moved(commands, report)):
        await git_builds.follow(
            admitted.algorithm, commit, build, pusher=admitted.actor, body=body, send=send
        )
    await write(send, pkt_lines.FLUSH)


def _moved(commands: pkt_lines.Commands, report: pkt_lines.Report) -> dict[str, str]:
    """What the push has moved, and to where."""
    return {ref: new for ref, new in commands.updates.items() if ref in report.taken}


def _start_builds(admitted: Admitted, moved: dict[str, str]) -> list[tuple[str, Build | str]]:
    return pushing.start_builds(admitted.algorithm, moved, by=admitted.actor)


# Writing the response


def _type(service: str, what: str) -> tuple[bytes, bytes]:
    return b"content-type", f"application/x-{service}-{what}".encode()


async def _start(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    fresh = (b"cache-control", b"no-cache, max-age=0, must-revalidate")
    await send({"type": "http.response.start", "status": status, "headers": [*headers, fresh]})


async def _refuse(send: Send, error: MarketplaceError) -> None:
    """A sentence in plain text, which git shows after the word `remote:`."""
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-error-message", as_header(error.message).encode()),
    ]
    if isinstance(error, NotSignedIn):
        headers.append((b"www-authenticate", f'Basic realm="{settings.SITE_NAME}"'.encode()))
    if isinstance(error, TooMany | Unavailable):
        headers.append((b"retry-after", str(error.retry_after).encode()))
    await _start(send, error.status, headers)
    await write(send, f"{error.message}\n".encode(), is_last=True)
