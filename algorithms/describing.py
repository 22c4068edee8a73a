"""An author words what a version takes and answers; callers lose nothing they were promised."""

from __future__ import annotations

from django.utils.translation import gettext as _

from algorithms import schemas
from algorithms.models import Version
from algorithms.permissions import may_edit
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import Conflict


def describe(version: Version, input_text: str, output_text: str, *, by: Actor) -> Version:
    """Replace the schemas of a version by what its author has typed.

    A guess may be replaced by anything. What an author has said of a public version may be
    widened or explained, but not narrowed: that is what a new major version is for.
    """
    by.require(may_edit, version.algorithm)
    new = schemas.of_texts(input_text, output_text)
    old = schemas.of_version(version)
    broken = [one.words for one in schemas.compare(old, new) if one.breaks_callers]
    if version.is_public and old.is_promise and broken:
        raise Conflict(
            _(
                "Callers of this public version rely on what was promised. Publish a new major "
                "version instead: %(broken)s"
            )
            % {"broken": " ".join(broken[:3])}
        )
    version.input_schema, version.output_schema = new.input, new.output
    version.schema_source = new.source
    version.save(update_fields=["input_schema", "output_schema", "schema_source"])
    audit.record(by, "described", version)
    return version
