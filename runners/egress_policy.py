"""Where a sandbox's connections may go, decided on the addresses that will really be dialled.

A name is resolved once, every address it has must be allowed, and the caller dials one of the
addresses given back: what a name means cannot change between the check and the connection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from marketplace.lib import public_addresses

Resolve = Callable[[str, int], Awaitable[list[str]]]

MAIL_PORTS: Final = frozenset({25, 465, 587})
RESOLVE_SECONDS: Final = 10.0


class Refused(Exception):
    """The sentence the program inside is told."""


async def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask this machine's resolver; it also reads decimal, hexadecimal and octal addresses."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Policy:
    """Public addresses only, besides hosts that are trusted by name; or those hosts only."""

    trusted: frozenset[str] = frozenset()
    is_public_allowed: bool = True
    resolve: Resolve = field(default=resolve_by_system, repr=False)

    @classmethod
    def public(
        cls, *, trusted: frozenset[str] = frozenset(), resolve: Resolve = resolve_by_system
    ) -> Policy:
        """The public internet, and hosts an operator trusts although they are private."""
        return cls(_lower(trusted), resolve=resolve)

    @classmethod
    def hosts(cls, names: frozenset[str], *, resolve: Resolve = resolve_by_system) -> Policy:
        """These hosts, by `name` or `name:port`, wherever they are; nothing else. For builds."""
        return cls(_lower(names), is_public_allowed=False, resolve=resolve)

    def trusts(self, host: str, port: int) -> bool:
        name = host.lower().rstrip(".")
        return name in self.trusted or f"{name}:{port}" in self.trusted

    async def addresses(self, host: str, port: int) -> list[str]:
        """Give the addresses to dial, best first; raise Refused if any of them is not allowed."""
        name = host.lower().rstrip(".")
        is_trusted = self.trusts(host, port)
        if not is_trusted and not self.is_public_allowed:
            raise Refused(f"A build may reach the package index only, not {host}:{port}.")
        if not 0 < port < 65536:
            raise Refused(f"{port} is no port.")
        if port in MAIL_PORTS:
            raise Refused(f"Sending mail (port {port}) is not allowed from here.")
        found = await self._resolve(name, port)
        if not is_trusted:
            for text in found:
                _require_public(text, host)
        return found

    async def _resolve(self, host: str, port: int) -> list[str]:
        try:
            found = await asyncio.wait_for(self.resolve(host, port), RESOLVE_SECONDS)
        except (OSError, UnicodeError, TimeoutError):
            raise Refused(f"The name {host} could not be resolved.") from None
        if not found:
            raise Refused(f"The name {host} has no address.")
        return found


def _require_public(text: str, host: str) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise Refused(f"{host} has an address that cannot be read.") from None
    for meant in public_addresses.meanings(address):
        if not public_addresses.is_global(meant):
            raise Refused(f"{host} is not on the public internet; only public addresses are.")
        if public_addresses.is_own(meant):
            raise Refused(f"{host} is this platform's own machine, which cannot be reached.")


def _lower(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.lower().rstrip(".") for name in names)
