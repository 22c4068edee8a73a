"""A gate that has let two builds through and refused one, for its pages and its chart."""

from __future__ import annotations

import io
import json
from typing import Final

from algorithms.gates import setting
from algorithms.gates.setting import Wanted
from algorithms.models import Algorithm, Build, Evaluation, Version
from data_collections import collecting, files, uris
from data_collections.models import Collection
from marketplace.accounts.actors import Actor
from tests.e2e import showcase_works

SCORES: Final = (0.884, 0.931)


def guard(algorithm: Algorithm, *, author: Actor, refused: Build) -> dict[str, str]:
    """Set the gate, tell how the versions did and what was refused; give what addresses hold."""
    collecting.create(
        algorithm.owner, by=author, name="judging", read_access=Collection.ReadAccess.SEALED
    )
    rows = [{"input": {"text": f"Satz {number}"}, "expected": "de"} for number in range(200)]
    uri = f"data://{algorithm.owner.name}/judging/rows.jsonl"
    content = "\n".join(map(json.dumps, rows)).encode()
    files.put(uris.parse(uri), io.BytesIO(content), by=author)
    wanted = Wanted(rows=uri, answer_at="language", bound=0.85, most_ms=250)
    setting.put(algorithm, wanted, by=author)
    before: Version | None = None
    for version, score in zip(reversed(algorithm.versions.newest_first()), SCORES, strict=False):
        _told(version.build, score, champion=before, version=version)
        before = version
    _told(refused, 0.917, champion=before)
    return showcase_works.begin(refused, author=author)


def _told(
    build: Build, score: float, *, champion: Version | None, version: Version | None = None
) -> None:
    known = Evaluation.objects.filter(version=champion).first() if champion else None
    difference = score - known.score if known is not None and known.score is not None else None
    Evaluation.objects.create(
        algorithm=build.algorithm,
        build=build,
        version=version,
        champion=champion,
        row_count=200,
        rows_sha256="0" * 64,
        score=score,
        champion_score=known.score if known else None,
        difference=difference,
        low=None if difference is None else difference - 0.02,
        high=None if difference is None else difference + 0.02,
        milliseconds=2.4,
        micros=12,
        bound=0.85,
        most_ms=250,
        has_passed=version is not None,
    )
