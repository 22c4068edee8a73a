"""Create an algorithm, change its settings, save its files, delete it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from algorithms import repositories
from algorithms.models import Algorithm
from algorithms.permissions import may_create_for, may_delete, may_edit
from algorithms.repositories import Author
from data_collections import collecting
from data_collections.models import Collection, DefaultCollection
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from marketplace.lib import names
from marketplace.lib.errors import BadInput, Conflict, NotAllowed
from runners import languages
from runners.models import Environment

LABEL_LENGTH: Final = 100
TAGLINE_LENGTH: Final = 200
TASK_LENGTH: Final = 40
SAMPLE_LENGTH: Final = 100_000
README_LENGTH: Final = 500_000
NOTES_LENGTH: Final = 20_000
MOST_LINKS: Final = 12
MAX_ROYALTY: Final = 1_000_000_000_000  # a million credits, a hundred dollars, for one call

_ALGORITHM_EXISTS: Final = 1002


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an author can set; each is the name of a field of Algorithm.

    Source visibility and licence hold for everyone at once. The others hold at once for
    builds and private use, and for callers of public versions from the next publish on.
    """

    label: str = ""
    tagline: str = ""
    task: str = ""
    readme: str = ""
    contract: str = Algorithm.Contract.DETECTED
    source_visibility: str = Algorithm.SourceVisibility.CLOSED
    license: str = Algorithm.License.APL
    network_access: str = Algorithm.NetworkAccess.ISOLATED
    may_call_others: bool = False
    keeps_insights: bool = False
    is_shareable: bool = False
    sample_input: str = ""
    performance_notes: str = ""
    links: list[dict[str, str]] = field(default_factory=list)
    royalty_microcredits: int = 0


_CHOICES: Final = {
    "contract": Algorithm.Contract,
    "source_visibility": Algorithm.SourceVisibility,
    "license": Algorithm.License,
    "network_access": Algorithm.NetworkAccess,
}
SETTINGS: Final = frozenset(setting.name for setting in fields(Settings))


def create(  # noqa: PLR0913 - each is a field of the form
    owner: Owner,
    *,
    by: Actor,
    name: str,
    environment: Environment,
    message: str = "",
    files: Mapping[str, bytes] | None = None,
    **chosen: Any,  # noqa: ANN401 - fields of Settings, checked there
) -> Algorithm:
    """Make an algorithm with a repository that holds these files, or the language's template."""
    by.require(may_create_for, owner)
    names.checked(name, what=gettext_noop("algorithm name"))
    wanted = _checked(Settings(**{"label": name, **chosen}))
    if not environment.is_offered or not environment.is_present:
        raise BadInput(
            _("The environment %(environment)s is not offered for new algorithms.")
            % {"environment": environment}
        )
    if Algorithm.objects.at(owner.name, name).exists():
        raise _exists(owner, name)
    algorithm = Algorithm(id=uuid.uuid4(), owner=owner, name=name, environment=environment)
    _set(algorithm, vars(wanted))
    repositories.create(
        algorithm.pk,
        files=files or languages.render(environment.language, owner=owner.name, algorithm=name),
        author=author_of(by),
        message=message or "Start from the template",
    )
    try:
        with transaction.atomic():
            algorithm.save(force_insert=True)
            audit.record(by, "created an algorithm", algorithm)
    except BaseException as error:
        repositories.delete(algorithm.pk)
        if isinstance(error, IntegrityError):  # somebody was faster
            raise _exists(owner, name) from None
        raise
    return algorithm


def update(
    algorithm: Algorithm,
    *,
    by: Actor,
    environment: Environment | None = None,
    **changes: Any,  # noqa: ANN401 - fields of Settings, checked there
) -> Algorithm:
    """Change some settings; the rest stay as they are."""
    by.require(may_edit, algorithm)
    checked_changes(algorithm, changes)
    before = {name: getattr(algorithm, name) for name in [*changes, "environment"]}
    if environment is not None and environment != algorithm.environment:
        _check_move(algorithm, environment)
        algorithm.environment = environment
    _set(algorithm, changes)
    changed = sorted(name for name, value in before.items() if getattr(algorithm, name) != value)
    with transaction.atomic():
        algorithm.save(update_fields=[*changes, "environment", "updated_at"])
        if changed:
            audit.record(by, "changed an algorithm", algorithm, changed=", ".join(changed))
    return algorithm


def checked_changes(algorithm: Algorithm, changes: Mapping[str, Any]) -> Settings:
    """The settings as they would be with the changes; raise BadInput if they cannot be so."""
    unknown = set(changes) - SETTINGS
    if unknown:
        raise BadInput(
            _("An algorithm has no setting %(names)s.") % {"names": ", ".join(sorted(unknown))}
        )
    present = {name: getattr(algorithm, name) for name in SETTINGS}
    return _checked(Settings(**present | dict(changes)))


def save_files(
    algorithm: Algorithm,
    *,
    by: Actor,
    changes: Mapping[str, bytes | None],
    message: str = "",
    parent: str | None = None,
) -> str:
    """Write files (and remove those with None) as one commit; give the commit.

    Conflict, and nothing written, if there is a newer commit than `parent`; without a parent
    the changes go on top of whatever is there.
    """
    by.require(may_edit, algorithm)
    if not changes:
        raise BadInput(_("There is nothing to save."))
    return repositories.commit(
        algorithm.pk,
        changes,
        parent=parent or repositories.head(algorithm.pk),
        author=author_of(by),
        message=message.strip() or _summary(changes),
    )


def delete(algorithm: Algorithm, *, by: Actor) -> None:
    """Remove an algorithm for good, with its source, builds and private versions."""
    by.require(may_delete, algorithm)
    algorithm_id = algorithm.pk
    with transaction.atomic():
        Algorithm.objects.select_for_update().get(pk=algorithm_id)  # nobody publishes meanwhile
        if algorithm.versions.ever_public().exists():
            raise NotAllowed(
                _(
                    "%(algorithm)s has been published for everyone, and others may depend on it: "
                    "only an administrator can remove it."
                )
                % {"algorithm": algorithm}
            )
        audit.record(by, "deleted an algorithm", algorithm)
        DefaultCollection.objects.filter(algorithm_id=algorithm_id).delete()
        algorithm.versions.all().delete()
        algorithm.delete()
        transaction.on_commit(lambda: repositories.delete(algorithm_id))


def assign_collection(algorithm: Algorithm, collection: Collection, *, by: Actor) -> None:
    """Choose what `data://.algo/default` means inside the algorithm."""
    by.require(may_edit, algorithm)
    collecting.make_default(collection, by=by, algorithm_id=algorithm.pk)
    audit.record(by, "assigned a default collection", algorithm, collection=str(collection))


def author_of(actor: Actor) -> Author:
    """How an actor signs commits; nobody's e-mail address gets into a repository."""
    user = User.objects.get(pk=actor.user_id) if actor.user_id is not None else None
    name = user.get_full_name() if user is not None else actor.name
    return Author(name=_signature(name) or actor.name, email=f"{actor.name}@users.invalid")


def _signature(name: str) -> str:
    """What git keeps of a name: no brackets, no control characters, no punctuation at the ends."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(re.sub("[<>]", " ", plain).split()).strip(" .,:;\"\\'")


def _checked(wanted: Settings) -> Settings:
    _check_choices(wanted)
    if wanted.source_visibility == Algorithm.SourceVisibility.CLOSED and wanted.license != "apl":
        raise BadInput(
            _("Closed source needs the Algorithm Platform License; choose it, or open the source.")
        )
    longest = {
        "label": LABEL_LENGTH,
        "tagline": TAGLINE_LENGTH,
        "task": TASK_LENGTH,
        "sample_input": SAMPLE_LENGTH,
        "readme": README_LENGTH,
        "performance_notes": NOTES_LENGTH,
    }
    for name, length in longest.items():
        text = getattr(wanted, name)
        if not isinstance(text, str) or len(text) > length or "\0" in text:
            raise BadInput(
                _("The %(name)s is a text of %(length)s characters at most.")
                % {"name": name, "length": length}
            )
    if not wanted.label.strip():
        raise BadInput(_("The label, the name as people read it, cannot be empty."))
    _check_links(wanted.links)
    return wanted


def _check_links(links: object) -> None:
    if not isinstance(links, list) or len(links) > MOST_LINKS:
        raise BadInput(
            _("An algorithm has %(most_links)s links at most.") % {"most_links": MOST_LINKS}
        )
    for link in links:
        if not isinstance(link, dict) or set(link) != {"label", "url"}:
            raise BadInput(_("A link has a label and a url."))
        label, url = link["label"], link["url"]
        is_text = isinstance(label, str) and isinstance(url, str) and len(label) <= LABEL_LENGTH
        if not is_text or not _is_web_address(url):
            raise BadInput(
                _(
                    "%(url)s is not an address on the web: links begin with https:// or http:// "
                    "and have no spaces."
                )
                % {"url": repr(str(url)[:100])}
            )


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname)
    except ValueError:
        return False
    is_odd = len(url) > 500 or any(character.isspace() or character < " " for character in url)
    return parts.scheme in ("https", "http") and has_host and not is_odd


def _check_choices(wanted: Settings) -> None:
    for name, choices in _CHOICES.items():
        if getattr(wanted, name) not in choices.values:
            allowed = ", ".join(choices.values)
            raise BadInput(
                _("%(name)s is one of %(allowed)s, not %(wanted)s.")
                % {"name": name, "allowed": allowed, "wanted": repr(getattr(wanted, name))}
            )
    for name in ("may_call_others", "keeps_insights", "is_shareable"):
        if not isinstance(getattr(wanted, name), bool):
            raise BadInput(_("%(name)s is true or false.") % {"name": name})
    royalty = wanted.royalty_microcredits
    if isinstance(royalty, bool) or not isinstance(royalty, int) or not 0 <= royalty <= MAX_ROYALTY:
        raise BadInput(
            _("A royalty is a whole number of microcredits from 0 to %(most)s.")
            % {"most": MAX_ROYALTY}
        )


def _check_move(algorithm: Algorithm, environment: Environment) -> None:
    if environment.language != algorithm.environment.language:
        raise BadInput(
            _(
                "The language of an algorithm stays: %(algorithm)s is written in %(language)s, "
                "and %(environment)s is for %(other)s."
            )
            % {
                "algorithm": algorithm,
                "language": algorithm.environment.language,
                "environment": environment,
                "other": environment.language,
            }
        )
    if not environment.is_offered or not environment.is_present:
        raise BadInput(
            _("The environment %(environment)s is not offered.") % {"environment": environment}
        )


def _set(algorithm: Algorithm, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(algorithm, name, value)


def _exists(owner: Owner, name: str) -> Conflict:
    return Conflict(
        _("%(owner)s already has an algorithm %(name)s.") % {"owner": owner, "name": name},
        wire_code=_ALGORITHM_EXISTS,
    )


def _summary(changes: Mapping[str, bytes | None]) -> str:
    if len(changes) > 1:
        return f"Change {len(changes)} files"
    path, content = next(iter(changes.items()))
    return f"{'Remove' if content is None else 'Change'} {path}"
