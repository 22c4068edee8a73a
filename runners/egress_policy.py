"""Where a sandbox's connections may go, decided on the addresses that will really be dialled.

A name is resolved once, every address it has must be allowed, and the caller dials one of the
addresses given back: what a name means cannot change between the check and the connection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]

MAIL_PORTS: Final = frozenset({25, 465, 587})
RESOLVE_SECONDS: Final = 10.0
_RTF_LOCAL: Final = 0x80000000
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


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
    for meant in meanings(address):
        if not _is_global(meant):
            raise Refused(f"{host} is not on the public internet; only public addresses are.")
        if is_own(meant):
            raise Refused(f"{host} is this platform's own machine, which cannot be reached.")


def meanings(address: Address) -> Iterator[Address]:
    """An address, or what it says: every IPv4 address that a gateway may take it for."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped is not None or address in _NAT64:
        yield low
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        yield low


def _is_global(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (
        address not in _GLOBAL_UNICAST or address.scope_id is not None
    ):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_own(address: Address) -> bool:
    """Whether packets for this address end at this machine."""
    return any(address in network for network in _own_networks(int(time.monotonic()) // 2))


@lru_cache(maxsize=1)
def _own_networks(_period: int) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """What the kernel delivers locally, read again every two seconds: addresses come and go."""
    return (*_own_ipv4(), *_own_ipv6())


def _own_ipv4() -> Iterator[ipaddress.IPv4Network]:
    """Read the routing trie: a line with an address, then lines with its prefix and kind."""
    address = ""
    for line in _lines(Path("/proc/thread-self/net/fib_trie")):
        words = line.split()
        if words[:1] in (["|--"], ["+--"]):
            address = words[1].partition("/")[0]
        elif words[1:3] == ["host", "LOCAL"]:
            yield ipaddress.IPv4Network((address, int(words[0][1:])), strict=False)


def _own_ipv6() -> Iterator[ipaddress.IPv6Network]:
    for line in _lines(Path("/proc/thread-self/net/ipv6_route")):
        words = line.split()
        if int(words[8], 16) & _RTF_LOCAL:
            address = ipaddress.IPv6Address(int(words[0], 16))
            yield ipaddress.IPv6Network((address, int(words[1], 16)), strict=False)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []  # a machine without IPv6


def _lower(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.lower().rstrip(".") for name in names)
