"""What a key may do, in words a person reads at a glance."""

from __future__ import annotations

from django.utils.translation import gettext as _

from marketplace.accounts.models import APIKey


def rights(key: APIKey) -> list[str]:
    """Each right as a short phrase; the wording of the form's choices."""
    if key.is_admin:
        return [_("Administers all accounts"), _("Calls no algorithms, reads no data")]
    return [_algorithms(key), *_management(key), _data(key), _places(key)]


def _algorithms(key: APIKey) -> str:
    if key.algorithm_access == APIKey.AlgorithmAccess.FULL:
        return _("Calls every algorithm I may call")
    if key.algorithm_access == APIKey.AlgorithmAccess.NONE:
        return _("Calls no algorithms")
    if not key.algorithm_patterns:
        return _("Calls no algorithms until some are listed")
    return _("Calls only %(names)s") % {"names": ", ".join(key.algorithm_patterns)}


def _management(key: APIKey) -> list[str]:
    return [_("Manages my algorithms")] if key.may_manage else []


def _data(key: APIKey) -> str:
    return {
        APIKey.DataAccess.READ: _("Reads my data"),
        APIKey.DataAccess.READ_WRITE: _("Reads and writes my data"),
    }.get(APIKey.DataAccess(key.data_access), _("No access to my data"))


def _places(key: APIKey) -> str:
    place = {"host": key.web_origin}
    if key.from_native and key.from_web:
        return _("From programs and web pages of %(host)s") % place
    return _("From web pages of %(host)s") % place if key.from_web else _("From programs")
