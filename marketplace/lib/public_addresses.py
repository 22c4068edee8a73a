"""Which addresses are on the public internet, and which are this machine itself.

What people name is dialled from inside the operator's network, where much answers that is not
meant for them: metadata services, databases, other tenants.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_RTF_LOCAL: Final = 0x80000000
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


def is_public(text: str) -> bool:
    """Whether an address, in everything it may mean, is on the internet and not this machine."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return all(is_global(meant) and not is_own(meant) for meant in meanings(address))


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


def is_global(address: Address) -> bool:
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
