"""The furnished site's files, here and elsewhere, and what its code has reported."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from algorithms.models import Call, Insight
from data_collections import collecting, files, uris
from data_collections.connectors import connecting
from data_collections.connectors.connecting import Given
from data_collections.models import Collection
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner


def connected(author: Actor) -> dict[str, str]:
    owner = Owner.objects.get(pk=author.owner_id or "")
    collection = collecting.create(
        owner, by=author, name="language_models", read_access=Collection.ReadAccess.PUBLIC
    )
    picture = io.BytesIO()
    Image.radial_gradient("L").save(picture, "PNG")
    contents = {
        "sample.png": picture.getvalue(),
        "languages.csv": b"code,name,speakers\nde,German,95\nfr,French,80\nsv,Swedish,10\n",
        "a_model_with_a_very_long_name_quantized_int8_2026-11-21.bin": b"\0\1\2" * 4000,
    }
    for name, content in contents.items():
        files.put(
            uris.parse(f"data://{owner}/{collection.name}/{name}"), io.BytesIO(content), by=author
        )
    connected = connecting.connect(
        owner,
        "s3",
        Given(
            label="archive",
            region="eu-central-1",
            credentials={"access_key_id": "AKIAEXAMPLE", "secret_access_key": "not a real one"},
            path="recordings/*",
        ),
        by=author,
    )
    return {
        "collection": collection.name,
        "file": "sample.png",
        "table": "languages.csv",
        "protocol": "s3",
        "connector": str(connected.pk),
    }


def report(calls: Sequence[Call]) -> None:
    """What the code of these calls has said of them."""
    for number, call in enumerate(calls):
        assert call.algorithm is not None
        values = {"languages": 1 + number % 3, "longest word": "Donaudampfschiff", "sure": 0.97}
        Insight.objects.create(
            call_id=call.pk, algorithm=call.algorithm, version="1.2.0", values=values
        )
