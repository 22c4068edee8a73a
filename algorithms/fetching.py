"""The files of a git repository on the web, fetched so that nobody inside can be asked by it.

The name is looked up once, every address it has must be public, and git is told the address that
was looked at: what the name means cannot change in between. No redirects, no credentials, no
other protocol than https, a bound on bytes and on time.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from algorithms import amounts, git, repositories
from algorithms.git import GitFailed
from marketplace.lib.errors import BadInput, NotFound, TooLarge
from runners.egress_policy import Policy, Refused

MOST_BYTES: Final = amounts.MAX_TREE_BYTES
SECONDS: Final = 180
_LONGEST: Final = 400


def check_address(url: str) -> None:
    """Raise BadInput unless this is an address that could be fetched; asks nobody."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _LONGEST
    if parts.scheme != "https" or not parts.hostname or not is_plain or port == 0:
        raise BadInput(_("The address of a repository begins with https:// and has no spaces."))
    if parts.username is not None or parts.password is not None:
        raise BadInput(
            _("Leave names and passwords out of the address: only public repositories are fetched.")
        )
    if parts.query or parts.fragment or parts.path in ("", "/"):
        raise BadInput(_("This is the address of a site, not of a repository."))


def fetch(url: str, ref: str, into: Path) -> str:
    """Write the files at the tip of a branch or tag into an empty folder; give the commit."""
    check_address(url)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    address = _address(host, port)
    shown = f"[{address}]" if ":" in address else address
    options = (
        f"http.curloptResolve={host}:{port}:{shown}",
        "http.followRedirects=false",
        "http.proxy=",
        "http.lowSpeedLimit=1000",
        "http.lowSpeedTime=20",
        "credential.helper=",
        "protocol.allow=never",
        "protocol.https.allow=always",
        "transfer.fsckObjects=true",
        "fetch.fsck.badTimezone=ignore",
        "core.bigFileThreshold=16m",
        "fetch.unpackLimit=1",  # one file, whose size is bounded
        "pack.threads=1",
    )
    with tempfile.TemporaryDirectory(dir=into.parent, prefix="fetched-") as folder:
        repository = Path(folder) / "fetched.git"
        git.run("init", "--quiet", "--bare", "--template=", str(repository))
        try:
            git.download(
                *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head"),
                *("--no-recurse-submodules", url, f"+{ref or 'HEAD'}:refs/heads/fetched"),
                repository=repository,
                options=options,
                seconds=SECONDS,
                most_bytes=MOST_BYTES,
                environment=_authorities(),
            )
        except GitFailed as error:
            raise _failed(str(error), ref) from None
        found = git.run("rev-parse", "refs/heads/fetched^{commit}", repository=repository)
        commit = found.decode().strip()
        repositories.write_out(repository, commit, into)
    return commit


def _address(host: str, port: int) -> str:
    policy = Policy.public(trusted=frozenset(settings.EGRESS_ALLOWED_HOSTS))
    try:
        return asyncio.run(policy.addresses(host, port))[0]
    except Refused as error:
        raise BadInput(
            _("The repository cannot be fetched: %(reason)s") % {"reason": error}
        ) from None


def _authorities() -> dict[str, str]:
    """The certificates this machine believes in, where it has its own."""
    given = settings.PACKAGE_INDEX_VARIABLES.get("SSL_CERT_FILE")
    return {"GIT_SSL_CAINFO": given} if given else {}


def _failed(said: str, ref: str) -> BadInput | NotFound | TooLarge:
    lower = said.lower()
    if "file too large" in lower or "sigxfsz" in lower or "file size limit" in lower:
        return TooLarge(
            _("The repository is larger than %(most)s MiB. Keep models and data in a collection.")
            % {"most": MOST_BYTES // 1024**2}
        )
    if "couldn't find remote ref" in lower:
        return NotFound(
            _("The repository has no branch or tag %(ref)s.") % {"ref": repr(ref or "HEAD")}
        )
    if "could not read username" in lower or "authentication failed" in lower or "403" in lower:
        return NotFound(_("There is no public repository at this address."))
    if "not found" in lower or "404" in lower:
        return NotFound(_("There is no public repository at this address."))
    if "redirect" in lower or "301" in lower or "302" in lower:
        return BadInput(_("The address leads to another one; give that one."))
    last = said.strip().splitlines()[-1][:200] if said.strip() else _("git did not say why")
    return BadInput(_("The repository cannot be fetched: %(reason)s") % {"reason": last})
