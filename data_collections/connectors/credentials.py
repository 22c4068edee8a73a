"""What each kind of store wants to see before it lets somebody in: checked before it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from data_collections.models import Connector
from marketplace.lib.errors import BadInput

_PROTOCOL: Final = Connector.Protocol
_LONGEST: Final = 8000
KINDS: Final = {
    _PROTOCOL.S3: "iam",
    _PROTOCOL.GOOGLE: "serviceaccount",
    _PROTOCOL.AZURE: "sas",
    _PROTOCOL.DROPBOX: "oauth",
}
"""The predecessor's word (`cred_type`) for what a protocol's credentials are."""

NEEDED: Final = {
    _PROTOCOL.S3: ("access_key_id", "secret_access_key"),
    _PROTOCOL.GOOGLE: ("email", "private_key_id", "private_key"),
    _PROTOCOL.AZURE: ("storage_uri", "sas_token", "container_name"),
    _PROTOCOL.DROPBOX: ("access_token",),
}
FURTHER: Final = {_PROTOCOL.DROPBOX: ("refresh_token", "app_key", "app_secret")}
"""With an app's key a refresh token outlives the few hours of an access token."""

_AZURE: Final = re.compile(
    r"https://[a-z0-9]{3,24}\.blob\.core\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)/?\Z"
)
_CONTAINER: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]\Z|\$root\Z")
_REGION: Final = re.compile(r"[a-z0-9-]{0,40}\Z")
_TRUSTED_PORTS: Final = range(1, 65536)


def checked(protocol: Connector.Protocol, given: object) -> dict[str, str]:
    """Give the credentials that are wanted, as text; no message ever holds one."""
    if not isinstance(given, Mapping):
        raise BadInput(_("cred_data must be a JSON object."))
    wanted = (*NEEDED[protocol], *FURTHER.get(protocol, ()))
    found: dict[str, str] = {}
    for name in wanted:
        value = given.get(name)
        if value in (None, ""):
            continue
        if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
            raise BadInput(
                _("%(name)s is a text of %(most)s characters at most.")
                % {"name": name, "most": _LONGEST}
            )
        found[name] = value.strip()
    missing = [name for name in NEEDED[protocol] if name not in found]
    if missing:
        raise BadInput(_("The credentials lack: %(missing)s.") % {"missing": ", ".join(missing)})
    _CHECKS.get(protocol, lambda _found: None)(found)
    return found


def checked_region(text: str) -> str:
    if not _REGION.match(text):
        raise BadInput(_("A region is a word such as eu-central-1."))
    return text


def checked_endpoint(text: str) -> str:
    """Give the address of what speaks like S3; whether it may be reached is asked when it is."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    is_bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    is_sound = (
        parts.scheme in ("https", "http")
        and parts.hostname is not None
        and parts.username is None
        and (port is None or port in _TRUSTED_PORTS)
        and is_bare
        and text.isascii()
        and text.isprintable()
        and len(text) <= 200
    )
    if not is_sound:
        raise BadInput(
            _(
                "The endpoint is an address such as https://minio.example.com:9000, without a "
                "path or password."
            )
        )
    return text.rstrip("/")


def _check_google(found: dict[str, str]) -> None:
    found["private_key"] = found["private_key"].replace("\\n", "\n")
    if "PRIVATE KEY" not in found["private_key"]:
        raise BadInput(_("private_key is the PEM text of the service account's key."))


def _check_azure(found: dict[str, str]) -> None:
    if not _AZURE.match(found["storage_uri"]):
        raise BadInput(
            _("storage_uri is the account's address, as https://ACCOUNT.blob.core.windows.net.")
        )
    if not _CONTAINER.match(found["container_name"]):
        raise BadInput(_("container_name is not the name of a container."))
    found["sas_token"] = found["sas_token"].removeprefix("?")


_CHECKS: Final = {_PROTOCOL.GOOGLE: _check_google, _PROTOCOL.AZURE: _check_azure}
