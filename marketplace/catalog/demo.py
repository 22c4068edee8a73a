"""The demo content of the folder demo/: people, collections, and algorithms built for real.

Everything goes through the same use cases as what people do, and each step first looks
whether it is done, so that loading can stop anywhere and be run again.
"""

from __future__ import annotations

import json
import secrets
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from algorithms import authoring, build_logs, builds, publishing
from algorithms.models import Algorithm, Build, Version
from billing import grants
from data_collections import collecting, files, uris
from data_collections.models import Collection
from marketplace.accounts import actors, keys, organizations, registration
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Owner, User
from marketplace.accounts.organizations import Details
from marketplace.lib import tokens
from marketplace.lib.errors import Conflict, MarketplaceError, Unavailable
from marketplace.lib.money import parse_credits, parse_dollars
from runners.models import Environment

FOLDER: Final = Path(settings.BASE_DIR) / "demo"
EMAIL: Final = "{name}@demo.invalid"
PREFERRED: Final = ("python311", "python312", "python313", "python310")
BUILD_SECONDS: Final = 900
LOG_TAIL: Final = 1500


@dataclass(frozen=True)
class Person:
    """A demo account, with what one needs to sign in and to call."""

    role: str
    name: str
    password: str
    key: str


@dataclass(frozen=True)
class Loaded:
    """One algorithm of the demo: callable by everybody, or why not."""

    path: str
    problem: str = ""


def content() -> dict[str, Any]:
    """What demo.toml says."""
    return tomllib.loads((FOLDER / "demo.toml").read_text())


def people() -> list[Person]:
    """Make the demo people, or find them; their secrets are kept in DATA_DIR, for its owner only."""
    secrets_file = Path(settings.DATA_DIR) / "demo.json"
    known = json.loads(secrets_file.read_text()) if secrets_file.exists() else {}
    found = []
    for role, about in content()["people"].items():
        kept = known.setdefault(
            about["name"],
            {"password": secrets.token_urlsafe(9), "key": tokens.new_api_key()},
        )
        found.append(Person(role, about["name"], kept["password"], kept["key"]))
    secrets_file.touch(mode=0o600)
    secrets_file.write_text(json.dumps(known, indent=2))
    for person in found:
        _make(person, content()["people"][person.role])
    return found


def load() -> Iterator[Loaded]:
    """Load everything, the smallest algorithm first; one that fails does not stop the others."""
    author = _author(people())
    by = actors.of_user(author)
    for name, label in content()["organizations"].items():
        if not Owner.objects.named(name).exists():
            organizations.create(name, by=by, details=Details(label=label))
    by = actors.of_user(author)  # who now owns the organizations too
    for path, pattern in content()["collections"].items():
        _upload(path, sorted(FOLDER.glob(pattern)), by=by)
    for about in content()["algorithms"]:
        try:
            royalty = parse_credits(about.get("royalty_credits", "0"))
            _publish(_algorithm(about, by=by), by=by, royalty=royalty)
        except MarketplaceError as error:
            yield Loaded(about["path"], problem=error.message)
        else:
            yield Loaded(about["path"])


def ready(path: str) -> Algorithm | None:
    """The demo algorithm, if everybody can call it by now."""
    owner, _, name = path.partition("/")
    return Algorithm.objects.at(owner, name).filter(is_public=True).first()


def _make(person: Person, about: dict[str, Any]) -> None:
    email = EMAIL.format(name=person.name)
    user = User.objects.filter(username=person.name).first()
    if user is None:
        made = registration.sign_up(
            username=person.name,
            email=email,
            password=person.password,
            full_name=about["full_name"],
        )
        user = made.user
        user.is_staff = user.is_superuser = about["staff"]
        user.save(update_fields=["is_staff", "is_superuser"])
    if user.email != email:
        raise Conflict(
            f"The demo needs the name {person.name}, and somebody else has it: "
            "load the demo into a site of its own."
        )
    if not user.check_password(person.password):
        user.set_password(person.password)
        user.save(update_fields=["password"])
    owner = Owner.objects.get(user=user)
    credit = parse_dollars(about["credit"])
    if credit and not owner.lots.filter(idem_key=f"demo:{owner.pk}").exists():
        grants.post(owner.pk, credit, idem_key=f"demo:{owner.pk}", is_promo=False, note="Demo")
    if not APIKey.objects.usable().filter(digest=tokens.digest(person.key), owner=owner).exists():
        keys.create(owner, by=actors.of_user(user), label="demo-key", secret=person.key)


def _author(everyone: list[Person]) -> User:
    name = next(person.name for person in everyone if person.role == "author")
    return User.objects.get(username=name)


def _upload(path: str, sources: list[Path], *, by: Actor) -> None:
    owner_name, _, name = path.partition("/")
    owner = Owner.objects.named(owner_name).get()
    collection = owner.collections.hosted().named(name).first()
    if collection is None:
        public = Collection.ReadAccess.PUBLIC
        collection = collecting.create(owner, by=by, name=name, read_access=public)
    present = set(collection.files.values_list("name", flat=True))
    for source in sources:
        if source.name not in present:
            with source.open("rb") as bytes_of:
                files.put(uris.parse(f"data://{path}/{source.name}"), bytes_of, by=by)


def _algorithm(about: dict[str, Any], *, by: Actor) -> Algorithm:
    """The algorithm with its source committed, made unless it is there."""
    owner, _, name = about["path"].partition("/")
    found = Algorithm.objects.at(owner, name).first()
    if found is not None:
        return found
    algorithm = authoring.create(
        Owner.objects.named(owner).get(),
        by=by,
        name=name,
        environment=_environment(),
        label=about["label"],
        tagline=about["summary"],
        source_visibility=Algorithm.SourceVisibility.OPEN,
        may_call_others=about.get("may_call_others", False),
        sample_input=about["sample_input"].strip(),
    )
    folder = FOLDER / about["folder"]
    written = [folder / "README.md", folder / "requirements.txt", *(folder / "src").glob("*.py")]
    authoring.save_files(
        algorithm,
        by=by,
        changes={str(file.relative_to(folder)): file.read_bytes() for file in written},
        message="Write the algorithm",
    )
    return algorithm


def _publish(algorithm: Algorithm, *, by: Actor, royalty: int) -> None:
    if algorithm.is_public:
        return
    _build(algorithm, by=by)
    publishing.publish(
        algorithm,
        by=by,
        callability=Version.Callability.PUBLIC,
        release_notes="First version.",
        royalty_microcredits=royalty,
    )


def _environment() -> Environment:
    """A Python for which all packages of the demo have wheels, the best tried first."""
    offered = Environment.objects.offered().filter(is_present=True, machine_type="CPU")
    by_slug = {environment.slug: environment for environment in offered}
    best = [by_slug[slug] for slug in PREFERRED if slug in by_slug]
    others = sorted(
        (each for each in by_slug.values() if each.language == "python3"),
        key=lambda each: each.sort_key,
    )
    if not best and not others:
        raise Unavailable("No Python environment is offered; run manage.py sync_environments.")
    return best[0] if best else others[-1]


def _build(algorithm: Algorithm, *, by: Actor) -> None:
    """Build the newest commit and wait for it, unless that has been done."""
    newest = algorithm.builds.order_by("-created_at").first()
    if newest is None or (newest.has_ended and newest.state != Build.State.SUCCEEDED):
        newest = builds.start(algorithm, by=by)
    deadline = time.monotonic() + BUILD_SECONDS
    while not newest.has_ended:
        if time.monotonic() > deadline:
            raise Unavailable(f"The build of {algorithm} did not end; see its page.")
        time.sleep(0.2)
        newest.refresh_from_db()
    if newest.state != Build.State.SUCCEEDED:
        log, _ = build_logs.read(newest.pk)
        raise Unavailable(f"{algorithm} could not be built: {newest.error}\n{log[-LOG_TAIL:]}")
