"""What Algorithmia's clients send about an algorithm, read into our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from algorithms.publishing import Plan
from marketplace.api import errors
from marketplace.lib.errors import BadInput, NotFound
from marketplace.lib.semver import Part, SemVer
from runners.models import Environment

UNKNOWN_LANGUAGE: Final = 4001
UNKNOWN_MACHINE: Final = 4004
UNKNOWN_SCM: Final = 4009
NOT_IMPLEMENTED: Final = 5005

_REQUIRED: Final = ("source_visibility", "license", "network_access", "pipeline_enabled")
_DETAILS: Final = {"label": "label", "tagline": "tagline", "summary": "readme"}
_SETTINGS: Final = {
    "source_visibility": "source_visibility",
    "license": "license",
    "network_access": "network_access",
    "pipeline_enabled": "may_call_others",
    "royalty_microcredits": "royalty_microcredits",
    "insights_enabled": "keeps_insights",
}
_LEGACY_LANGUAGES: Final = {
    "python3-1": "python3",
    "python3": "python3",
    "python": "python3",
    "anaconda3": "python3",
    "node": "javascript",
    "nodejs": "javascript",
    **dict.fromkeys(("r34", "r36", "R"), "r"),
}


def changes(body: Mapping[str, Any]) -> dict[str, Any]:
    """The settings a body names, as fields of authoring.Settings; the rest is left out."""
    details, settings = part_of(body, "details"), part_of(body, "settings")
    found = {ours: details[name] for name, ours in _DETAILS.items() if _is_given(details, name)}
    found |= {ours: settings[name] for name, ours in _SETTINGS.items() if _is_given(settings, name)}
    version = part_of(body, "version_info")
    if version.get("insights_enabled") is True:  # clients send false for what nobody has said
        found["keeps_insights"] = True
    if _is_given(version, "sample_input"):
        found["sample_input"] = version["sample_input"]
    return found


def check_creation(body: Mapping[str, Any]) -> None:
    """Raise BadInput unless everything the predecessor required is there."""
    details, settings = part_of(body, "details"), part_of(body, "settings")
    missing = [f"settings.{name}" for name in _REQUIRED if not _is_given(settings, name)]
    missing += [] if details.get("label") else ["details.label"]
    missing += [] if isinstance(body.get("name"), str) and body["name"] else ["name"]
    if missing:
        raise BadInput(
            f"The request body lacks: {', '.join(sorted(missing))}.",
            wire_code=errors.INVALID_REQUEST,
        )
    source = part_of(body, "source")
    if source.get("scm") not in (None, "", "internal"):
        raise NotFound(
            "Only the internal repository host is configured here.", wire_code=UNKNOWN_SCM
        )
    if source.get("existing_repository_name"):
        raise BadInput(
            "An existing repository cannot be taken over; push it to the new one instead.",
            wire_code=NOT_IMPLEMENTED,
        )


def commit_message(body: Mapping[str, Any]) -> str:
    message = part_of(body, "source").get("initial_commit_message") or ""
    return message if isinstance(message, str) else ""


def environment(body: Mapping[str, Any], *, default: Environment | None = None) -> Environment:
    """The environment a body asks for, in any of the three ways clients have had to say it."""
    settings = part_of(body, "settings")
    if _is_given(settings, "algorithm_environment"):
        return _by_id(settings["algorithm_environment"])
    if _is_given(settings, "package_set"):
        return _by_package_set(str(settings["package_set"]))
    if _is_given(settings, "language"):
        machine = str(settings.get("environment") or "cpu")
        return _by_language(str(settings["language"]), machine.upper())
    return default or _by_language("python3", Environment.MachineType.CPU)


def part(body: Mapping[str, Any], plan: Plan) -> Part | None:
    """Which part of the number is to rise; None if the client leaves it to us."""
    version = part_of(body, "version_info")
    if _is_given(version, "semantic_version"):
        return _part_to(str(version["semantic_version"]), plan)
    wanted = version.get("version_type") or version.get("type")
    return None if wanted in (None, "", "default") else Part.parse(str(wanted))


def check_commit(body: Mapping[str, Any], plan: Plan) -> None:
    """A body may name the commit to be published; only the newest build's can be."""
    wanted = part_of(body, "version_info").get("git_hash")
    if wanted and wanted != plan.build.commit:
        raise BadInput(
            f"Only the newest successful build can be published, that of {plan.build.commit}."
        )


def part_of(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BadInput(f"{name} must be a JSON object.", wire_code=errors.INVALID_REQUEST)
    return found


def _is_given(members: Mapping[str, Any], name: str) -> bool:
    return members.get(name) is not None


def _part_to(number: str, plan: Plan) -> Part:
    wanted = SemVer.parse(number)
    for candidate in plan.parts:
        if plan.number(candidate) == wanted:
            return candidate
    possible = ", ".join(dict.fromkeys(str(plan.number(candidate)) for candidate in plan.parts))
    raise BadInput(f"The next version is one of {possible}; it cannot be {wanted}.")


def _by_id(wanted: object) -> Environment:
    text = str(wanted)
    try:
        found = Environment.objects.filter(pk=UUID(text)).first()
    except ValueError:
        found = Environment.objects.filter(slug=text[:60]).first()
    if found is None:
        raise BadInput(f"There is no algorithm environment {text[:60]!r} here.")
    return found


def _by_package_set(wanted: str) -> Environment:
    exact = Environment.objects.offered().filter(slug=wanted).first()
    if exact is not None:
        return exact
    needs_gpu = any(word in wanted.lower() for word in ("gpu", "cuda"))
    machine = Environment.MachineType.GPU if needs_gpu else Environment.MachineType.CPU
    return _by_language("python3", machine)


def _by_language(wanted: str, machine: str) -> Environment:
    language = _LEGACY_LANGUAGES.get(wanted, wanted)
    offered = Environment.objects.offered().filter(language=language).order_by("-sort_key")
    if not offered.exists():
        raise BadInput(
            f"The language {wanted[:40]!r} is not offered here.", wire_code=UNKNOWN_LANGUAGE
        )
    found = offered.filter(machine_type=machine).first()
    if found is None:
        raise BadInput(
            f"No {machine[:20]} environment is offered for {wanted[:40]}.",
            wire_code=UNKNOWN_MACHINE,
        )
    return found
