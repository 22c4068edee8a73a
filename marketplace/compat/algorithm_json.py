"""Algorithms, versions and builds as Algorithmia's clients know them.

Members without a value are left out instead of being null: the predecessor's generated
models check every member that is there.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings

from algorithms.models import Algorithm, Build, Version

INTERNAL_SCM: Final = {
    "id": "internal",
    "provider": "internal",
    "default": True,
    "enabled": True,
    "name": settings.SITE_NAME,
}
_LANGUAGES: Final = {"python3": "python3-1", "python2": "python2-langpack"}
_STATUS: Final = {
    Build.State.QUEUED: "in-progress",
    Build.State.RUNNING: "in-progress",
    Build.State.SUCCEEDED: "succeeded",
}


def of_algorithm(algorithm: Algorithm) -> dict[str, object]:
    """An algorithm of which nothing is built yet."""
    return {
        "id": algorithm.pk,
        "name": algorithm.name,
        "details": _details(algorithm),
        "settings": _settings(algorithm, Version.Callability.PRIVATE),
        "version_info": _present({"sample_input": algorithm.sample_input}),
        "source": _source(algorithm),
        "self_link": f"{_address(algorithm)}",
        "resource_type": "algorithm",
    }


def of_build(algorithm: Algorithm, build: Build) -> dict[str, object]:
    """An algorithm as one of its builds has made it, published or not."""
    version = version_of(build)
    if version is not None:
        return of_version(algorithm, version)
    return {
        **of_algorithm(algorithm),
        "version_info": _present(
            {"git_hash": build.commit, "sample_input": algorithm.sample_input}
        ),
        "build": build_object(build),
        "compilation": {"successful": build.state == Build.State.SUCCEEDED},
        "self_link": f"{_address(algorithm)}/versions/{build.commit}",
    }


def of_version(algorithm: Algorithm, version: Version) -> dict[str, object]:
    """An algorithm as one of its versions, with the terms of that version."""
    build = version.build
    frozen = {
        "network_access": version.network_access,
        "pipeline_enabled": version.may_call_others,
        "insights_enabled": version.keeps_insights,
        "royalty_microcredits": version.royalty_microcredits,
        **_environment(build),
    }
    return {
        **of_algorithm(algorithm),
        "settings": _settings(algorithm, version.callability) | frozen,
        "version_info": _present(
            {
                "semantic_version": str(version.number),
                "git_hash": build.commit,
                "release_notes": version.release_notes,
                "sample_input": version.sample_input,
                "sample_output": version.sample_output,
                "version_uuid": str(version.pk),
            }
        ),
        "build": build_object(build),
        "compilation": {"successful": True},
        "self_link": f"{_address(algorithm)}/versions/{build.commit}",
    }


def build_object(build: Build) -> dict[str, object]:
    found: dict[str, object] = {
        "build_id": build.pk,
        "status": _STATUS.get(Build.State(build.state), "failed"),
        "commit_sha": build.commit,
        "started_at": build.started_at or build.created_at,
        "resource_type": "algorithm_build",
    }
    if build.finished_at is not None:
        found["finished_at"] = build.finished_at
    version = version_of(build)
    if version is not None:
        found["version_info"] = {"semantic_version": str(version.number)}
    return found


def version_of(build: Build) -> Version | None:
    return getattr(build, "version", None)


def _details(algorithm: Algorithm) -> dict[str, object]:
    return {
        "label": algorithm.label,
        "summary": algorithm.readme,
        "tagline": algorithm.tagline,
    }


def _settings(algorithm: Algorithm, callability: str) -> dict[str, object]:
    return {
        "algorithm_callability": callability,
        "source_visibility": algorithm.source_visibility,
        "license": algorithm.license,
        "network_access": algorithm.network_access,
        "pipeline_enabled": algorithm.may_call_others,
        "insights_enabled": algorithm.keeps_insights,
        "royalty_microcredits": algorithm.royalty_microcredits,
        **_environment(algorithm),
    }


def _environment(built: Algorithm | Build) -> dict[str, object]:
    environment = built.environment
    found: dict[str, object] = {
        "algorithm_environment": environment.pk,
        "environment": "gpu" if environment.is_gpu else "cpu",
    }
    if environment.language in _LANGUAGES:
        found["language"] = _LANGUAGES[environment.language]
    return found


def _source(algorithm: Algorithm) -> dict[str, object]:
    return {
        "scm": INTERNAL_SCM,
        "repository_name": algorithm.name,
        "repository_owner": algorithm.owner.name,
        "repository_https_url": f"{settings.SITE_URL}/git/{algorithm}.git",
    }


def _address(algorithm: Algorithm) -> str:
    return f"{settings.SITE_URL}/v1/algorithms/{algorithm}"


def _present(members: dict[str, str]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value}
