"""A large catalogue of made-up algorithms, to see how the site does when it is full.

Everything hangs on owners whose names begin with `seeded_`, people who cannot sign in and whose
addresses lead nowhere. Nothing of it can be run: there is no source behind the builds. The same
seed makes the same catalogue; calls and stars are real rows, from which the numbers are measured.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from algorithms.models import Algorithm, Build, Call, Version
from marketplace.accounts.models import Organization, Owner, User
from marketplace.catalog import facets, kinds, listing, measuring
from marketplace.catalog.models import Category, Follow, Star, Tag
from marketplace.catalog.seeding_words import LANGUAGES, MANNERS, SUBJECTS, TAILS, Subject
from runners.models import Environment

PREFIX: Final = "seeded_"
BATCH: Final = 1000
M = TypeVar("M", bound=Model)

_SCHEMAS: Final[dict[str, dict[str, object]]] = {
    kinds.TEXT: {"type": "string"},
    kinds.NUMBER: {"type": "number"},
    kinds.LIST: {"type": "array"},
    kinds.FIELDS: {"type": "object"},
    kinds.IMAGE: {"type": "string", "contentMediaType": "image/png"},
    kinds.AUDIO: {"type": "string", "contentMediaType": "audio/wav"},
    kinds.FILE: {
        "type": "string",
        "contentMediaType": "application/octet-stream",
        "contentEncoding": "base64",
    },
}
_PRICES: Final = (
    0,
    facets.DOLLAR // 2000,
    facets.DOLLAR // 200,
    facets.DOLLAR // 20,
    facets.DOLLAR,
)


@dataclass
class Batch:
    """What is written together."""

    algorithms: list[Algorithm] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    stars: list[Star] = field(default_factory=list)
    tagged: list[tuple[str, UUID]] = field(default_factory=list)


@dataclass(frozen=True)
class World:
    """Whom and what a made-up algorithm may belong to."""

    chance: random.Random
    owners: list[Owner]
    people: list[Owner]
    environments: list[Environment]
    now: datetime


def seed(count: int, *, number: int = 1) -> Iterator[int]:
    """Make so many algorithms; give after each batch how many there are."""
    world = _world(count, random.Random(number))  # noqa: S311 - nothing secret
    made = 0
    while made < count:
        size = min(BATCH, count - made)
        batch = _batch(world, made, size)
        with transaction.atomic():
            _write(batch)
        measuring.measure(sorted({call.algorithm_id for call in batch.calls}, key=str))
        made += size
        yield made
    _follow(world)
    may_vacuum = connection.vendor == "postgresql" and not connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if may_vacuum else "ANALYZE")


def remove() -> int:
    """Take everything away again; give how many algorithms there were."""
    algorithms = Algorithm.objects.filter(owner__name__startswith=PREFIX)
    ids = list(algorithms.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        Call.objects.filter(algorithm__in=some).delete()
        Version.objects.filter(algorithm__in=some).delete()
        Algorithm.objects.filter(pk__in=some).delete()
    owners = Owner.objects.filter(name__startswith=PREFIX)
    users = list(owners.exclude(user=None).values_list("user", flat=True))
    organizations = list(owners.exclude(organization=None).values_list("organization", flat=True))
    owners.delete()
    User.objects.filter(pk__in=users).delete()
    Organization.objects.filter(pk__in=organizations).delete()
    Environment.objects.filter(slug__startswith=PREFIX).delete()
    Tag.objects.filter(algorithms__isnull=True).delete()
    return len(ids)


def _world(count: int, chance: random.Random) -> World:
    people = [_person(number) for number in range(max(20, count // 25))]
    organizations = [_organization(number) for number in range(max(3, count // 250))]
    environments = [
        Environment(
            id=_uuid(chance),
            slug=f"{PREFIX}{language}{'_gpu' * is_gpu}",
            display_name=f"{facets.BY_NAME['language'].words(language)}{' on GPU' * is_gpu}",
            language=language,
            version="1",
            sort_key="0",
            machine_type="GPU" if is_gpu else "CPU",
            state=Environment.State.DEPRECATED,
            is_present=False,
        )
        for language, is_gpu in [*((name, False) for name in LANGUAGES), ("python3", True)]
    ]
    with transaction.atomic():
        users = User.objects.bulk_create([user for user, _owner in people])
        groups = Organization.objects.bulk_create([group for group, _owner in organizations])
        for (_user, owner), user in zip(people, users, strict=True):
            owner.user = user
        for (_group, owner), group in zip(organizations, groups, strict=True):
            owner.organization = group
        owners = [owner for _, owner in (*people, *organizations)]
        Owner.objects.bulk_create(owners)
        Environment.objects.bulk_create(environments)
    return World(chance, owners, owners[: len(people)], environments, timezone.now())


def _person(number: int) -> tuple[User, Owner]:
    name = f"{PREFIX}person{number}"
    user = User(
        username=name, email=f"{name}@seeded.invalid", full_name=f"Person {number}", is_active=False
    )
    user.set_unusable_password()
    return user, Owner(name=name)


def _organization(number: int) -> tuple[Organization, Owner]:
    return Organization(label=f"Studio {number}"), Owner(name=f"{PREFIX}studio{number}")


def _batch(world: World, first: int, size: int) -> Batch:
    batch = Batch()
    for number in range(first, first + size):
        _add(batch, world, number)
    return batch


def _add(batch: Batch, world: World, number: int) -> None:
    chance = world.chance
    slug = chance.choices(list(SUBJECTS), [subject.weight for subject in SUBJECTS.values()])[0]
    subject = SUBJECTS[slug]
    is_gpu = chance.random() < subject.gpu
    language = "python3" if is_gpu else chance.choices(list(LANGUAGES), list(LANGUAGES.values()))[0]
    environment = next(
        each for each in world.environments if each.language == language and each.is_gpu == is_gpu
    )
    algorithm, version = _algorithm(world, number, slug, subject, environment)
    batch.algorithms.append(algorithm)
    batch.builds.append(version.build)
    batch.versions.append(version)
    batch.tagged += [(tag, algorithm.pk) for tag in chance.sample(subject.objects, 2)]
    _use(batch, world, algorithm, version)


def _algorithm(
    world: World, number: int, slug: str, subject: Subject, environment: Environment
) -> tuple[Algorithm, Version]:
    chance = world.chance
    thing, doing = chance.choice(subject.objects), chance.choice(subject.doings)
    manner = chance.choice(MANNERS)
    is_open = chance.random() < 0.55
    created = world.now - timedelta(days=1000 * chance.random() ** 2, seconds=number)
    algorithm = Algorithm(
        id=_uuid(chance),
        owner=chance.choice(world.owners),
        name=f"{thing.title().replace('-', '')}{doing[0].replace(' ', '')}{number}"[:30],
        label=f"{manner} {thing} {doing[0].lower()}".strip().capitalize(),
        tagline=f"{doing[1]} {thing} {chance.choice(TAILS)}.",
        readme=f"# {thing}\n\n{doing[1]} {thing}. A made-up entry: it cannot be run.",
        environment=environment,
        source_visibility="open" if is_open else "closed",
        license=chance.choice(["mit", "apache2", "gpl3", "apl"]) if is_open else "apl",
        task=slug,
        is_public=True,
        created_at=created,
    )
    build = Build(
        id=_uuid(chance),
        algorithm=algorithm,
        environment=environment,
        commit=f"{number:040x}",
        state=Build.State.SUCCEEDED,
        module="src.Seeded",
        created_at=created,
    )
    version = Version(
        id=_uuid(chance),
        algorithm=algorithm,
        build=build,
        major=chance.randrange(3),
        minor=chance.randrange(1, 9),
        revision=chance.randrange(9),
        callability=Version.Callability.PUBLIC,
        royalty_microcredits=chance.choices(_PRICES, (60, 18, 14, 6, 2))[0],
        network_access="full" if chance.random() < subject.online else "isolated",
        may_call_others=False,
        input_schema=_SCHEMAS[subject.takes],
        output_schema=_SCHEMAS[chance.choice(subject.answers)],
        schema_source=Version.SchemaSource.DECLARED,
        created_at=created,
    )
    algorithm.published_at = created
    listing.describe(algorithm, version)
    return algorithm, version


def _use(batch: Batch, world: World, algorithm: Algorithm, version: Version) -> None:
    """A few are called by many, most by hardly anybody."""
    chance = world.chance
    popularity = chance.paretovariate(1.1) - 1
    typical = math.exp(chance.gauss(12, 1.3))
    sound = 1 - chance.random() ** 4 * 0.5
    for _ in range(min(60, int(popularity))):
        ended = "succeeded" if chance.random() < sound else "failed"
        call_id = _uuid(chance)
        batch.calls.append(
            Call(
                id=call_id,
                root_id=call_id,
                caller=chance.choice(world.people),
                algorithm=algorithm,
                version=version,
                result=ended,
                total_us=int(typical * chance.uniform(0.7, 1.6)),
                started_at=world.now - timedelta(days=29 * chance.random()),
            )
        )
    fans = chance.sample(world.people, min(len(world.people), int(popularity / 3), 50))
    algorithm.stars_count = len(fans)
    batch.stars += [Star(user_id=fan.user_id or 0, algorithm=algorithm) for fan in fans]


def _write(batch: Batch) -> None:
    _create(batch.algorithms)
    _create(batch.builds)
    _create(batch.versions)
    _create(batch.calls)
    _create(batch.stars)
    names = sorted({name for name, _pk in batch.tagged})
    Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
    tags = {tag.name: tag.pk for tag in Tag.objects.filter(name__in=names)}
    through = Tag.algorithms.through
    _create([through(tag_id=tags[name], algorithm_id=pk) for name, pk in batch.tagged])


def _create(rows: list[M]) -> None:
    if rows:
        type(rows[0])._default_manager.bulk_create(rows, batch_size=500)  # noqa: SLF001 - Django's own name


def _follow(world: World) -> None:
    chance = world.chance
    chosen = chance.sample(world.people, min(len(world.people), 200))
    _create(
        [
            Follow(user_id=each.user_id or 0, owner=owner)
            for each in chosen
            for owner in chance.sample(world.owners, 3)
        ]
    )
    for shelf in Category.objects.all():
        best = Algorithm.objects.filter(is_listed=True, task=shelf.slug).order_by("-trending", "pk")
        shelf.algorithms.add(*best[:3])


def _uuid(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
