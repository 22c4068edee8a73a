"""What a key may do, in words a person reads at a glance."""

from __future__ import annotations

from marketplace.accounts.models import APIKey


def rights(key: APIKey) -> list[str]:
    """Each right as a short phrase; the wording of the form's choices."""
    if key.is_admin:
        return ["Administers all accounts", "Calls no algorithms, reads no data"]
    return [_algorithms(key), *_management(key), _data(key), _places(key)]


def _algorithms(key: APIKey) -> str:
    if key.algorithm_access == APIKey.AlgorithmAccess.FULL:
        return "Calls every algorithm I may call"
    if key.algorithm_access == APIKey.AlgorithmAccess.NONE:
        return "Calls no algorithms"
    if not key.algorithm_patterns:
        return "Calls no algorithms until some are listed"
    return f"Calls only {', '.join(key.algorithm_patterns)}"


def _management(key: APIKey) -> list[str]:
    return ["Manages my algorithms"] if key.may_manage else []


def _data(key: APIKey) -> str:
    return {
        APIKey.DataAccess.READ: "Reads my data",
        APIKey.DataAccess.READ_WRITE: "Reads and writes my data",
    }.get(APIKey.DataAccess(key.data_access), "No access to my data")


def _places(key: APIKey) -> str:
    pages = f"web pages of {key.web_origin}"
    if key.from_native and key.from_web:
        return f"From programs and {pages}"
    return f"From {pages}" if key.from_web else "From programs"
