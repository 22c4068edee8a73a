"""Words to algorithms, in the words of whichever database the site has.

SQLite has an FTS5 table that triggers keep true, and its vocabulary for misspelt words;
PostgreSQL a generated column, and trigrams for misspelt names. All of it is made after every
`migrate`, so that nothing has to re-index.
"""

# ruff: noqa: S608, S611 - statements are put together from constants only; words are parameters

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, FloatField, Func, Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest, Upper

logger = logging.getLogger(__name__)

MOST: Final = 1000
"""Ranked matches that are looked at; beyond them nobody turns the page."""

MOST_TERMS: Final = 12
SHORTEST_PART: Final = 3
"""A part of a name is looked for from here on: there is no trigram in less."""

_ALIKE: Final = 0.75

_SQLITE_FIELDS: Final = "name, label, tagline, readme"
_SQLITE_NEW: Final = f"""
    INSERT INTO catalog_search (algorithm_id, {_SQLITE_FIELDS})
    VALUES (new.id, new.name, new.label, new.tagline, new.readme)
"""
_SQLITE: Final = (
    f"""CREATE VIRTUAL TABLE IF NOT EXISTS catalog_search USING fts5(
        algorithm_id UNINDEXED, {_SQLITE_FIELDS}, tokenize = 'porter unicode61 remove_diacritics 2'
    )""",
    "CREATE VIRTUAL TABLE IF NOT EXISTS catalog_search_words USING fts5vocab(catalog_search, row)",
    f"""CREATE TRIGGER IF NOT EXISTS catalog_search_insert AFTER INSERT ON algorithms_algorithm
        BEGIN {_SQLITE_NEW}; END""",
    """CREATE TRIGGER IF NOT EXISTS catalog_search_delete AFTER DELETE ON algorithms_algorithm
        BEGIN DELETE FROM catalog_search WHERE algorithm_id = old.id; END""",
    f"""CREATE TRIGGER IF NOT EXISTS catalog_search_update
        AFTER UPDATE OF {_SQLITE_FIELDS} ON algorithms_algorithm
        WHEN old.name <> new.name OR old.label <> new.label
            OR old.tagline <> new.tagline OR old.readme <> new.readme
        BEGIN DELETE FROM catalog_search WHERE algorithm_id = old.id; {_SQLITE_NEW}; END""",
    "DELETE FROM catalog_search",
    f"""INSERT INTO catalog_search (algorithm_id, {_SQLITE_FIELDS})
        SELECT id, {_SQLITE_FIELDS} FROM algorithms_algorithm""",
)
_SQLITE_FOUND: Final = "SELECT algorithm_id FROM catalog_search WHERE catalog_search MATCH %s"
_SQLITE_RANKED: Final = f"""
    {_SQLITE_FOUND} ORDER BY bm25(catalog_search, 0, 10, 10, 4, 1), algorithm_id LIMIT %s
"""
_SQLITE_TERMS: Final = """
    SELECT term FROM catalog_search_words
    WHERE term >= %s AND term < %s AND length(term) BETWEEN %s AND %s
"""

_POSTGRES_TRIGRAMS: Final = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
_POSTGRES: Final = (
    r"""ALTER TABLE algorithms_algorithm ADD COLUMN IF NOT EXISTS search_document tsvector
        GENERATED ALWAYS AS (
            setweight(to_tsvector('english',
                regexp_replace(name, '([a-z0-9])([A-Z])|_', '\1 \2', 'g') || ' ' || label), 'A')
            || setweight(to_tsvector('english', tagline), 'B')
            || setweight(to_tsvector('english', left(readme, 200000)), 'D')
        ) STORED""",
    """CREATE INDEX IF NOT EXISTS catalog_search ON algorithms_algorithm
        USING gin (search_document)""",
)
_POSTGRES_PARTS: Final = (
    """CREATE INDEX IF NOT EXISTS catalog_search_label ON algorithms_algorithm
        USING gin (upper(label) gin_trgm_ops)""",
    """CREATE INDEX IF NOT EXISTS catalog_search_name ON algorithms_algorithm
        USING gin (upper(name) gin_trgm_ops)""",
)
_POSTGRES_FOUND: Final = "search_document @@ to_tsquery('english', %s)"
_POSTGRES_RANK: Final = (
    "ts_rank(search_document, to_tsquery('english', %s)) * (1 + ln(1 + trending) / 4)"
)


class Closeness(StrEnum):
    """How what was found relates to the words."""

    EVERY = "every"
    SOME = "some"
    ALIKE = "alike"


@dataclass(frozen=True)
class Reading:
    """One way to take the words: what it finds, and in which order."""

    closeness: Closeness
    condition: Q
    rank: RawSQL | Func | None = None
    """A number that is higher for better matches; without it `best` lists them."""
    best: tuple[UUID, ...] = ()


def prepare(alias: str) -> None:
    """Make what searching needs in this database; harmless if it is there already."""
    connection = connections[alias]
    if "algorithms_algorithm" not in connection.introspection.table_names():
        return
    if connection.vendor == "postgresql":
        statements = (*_POSTGRES, *(_POSTGRES_PARTS if _make_trigrams(connection) else ()))
    else:
        statements = _SQLITE
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    _has_trigrams.cache_clear()


def readings(words: str, alias: str = "default") -> Iterator[Reading]:
    """The ways to take the words, the strictest first; each is worked out when it is asked for."""
    terms = re.findall(r"\w+", words)[:MOST_TERMS]
    if not terms:
        return
    connection = connections[alias]
    if connection.vendor == "postgresql":
        yield _in_postgres(Closeness.EVERY, [f"{term}:*" for term in terms], " & ")
        yield _in_postgres(Closeness.SOME, [f"{term}:*" for term in terms], " | ")
        if _has_trigrams(alias):
            yield _alike([term for term in terms if len(term) >= SHORTEST_PART] or terms)
        return
    yield _in_sqlite(connection, Closeness.EVERY, terms, " ")
    yield _in_sqlite(connection, Closeness.SOME, terms, " OR ")
    yield _in_sqlite(connection, Closeness.ALIKE, _corrected(connection, terms), " ")


def _in_postgres(closeness: Closeness, terms: list[str], joiner: str) -> Reading:
    asked = joiner.join(terms)
    return Reading(
        closeness,
        Q(RawSQL(_POSTGRES_FOUND, [asked], output_field=BooleanField())),
        RawSQL(_POSTGRES_RANK, [asked], output_field=FloatField()),
    )


def _alike(terms: list[str]) -> Reading:
    """Any of the words is like a part of a label or a name; the more, the better."""
    condition, ranks = Q(), []
    for term in (Value(term.upper()) for term in terms):
        texts = [Upper(F(name)) for name in ("label", "name")]
        for text in texts:
            condition |= Q(_IsLike(term, text, output_field=BooleanField()))
        likeness = [_Likeness(term, text, output_field=FloatField()) for text in texts]
        ranks.append(Greatest(*likeness))
    return Reading(Closeness.ALIKE, condition, _Sum(*ranks, output_field=FloatField()))


class _Likeness(Func):
    function = "word_similarity"


class _Sum(Func):
    template = "(%(expressions)s)"
    arg_joiner = " + "


class _IsLike(Func):
    """PostgreSQL's `<%`: the words are like a part of the text, and an index tells."""

    template = "%(expressions)s"
    arg_joiner = " <%% "


def _in_sqlite(
    connection: BaseDatabaseWrapper, closeness: Closeness, terms: list[str], joiner: str
) -> Reading:
    asked = joiner.join(f'"{term}"*' for term in terms) or '""'
    with connection.cursor() as cursor:
        cursor.execute(_SQLITE_RANKED, [asked, MOST])
        best = tuple(UUID(row[0]) for row in cursor.fetchall())
    return Reading(closeness, Q(pk__in=RawSQL(_SQLITE_FOUND, [asked])), best=best)


def _corrected(connection: BaseDatabaseWrapper, terms: list[str]) -> list[str]:
    """For each term the one most like it among those with the same first letter that exist."""
    found = []
    with connection.cursor() as cursor:
        for term in (term.lower() for term in terms):
            span = (term[0], chr(ord(term[0]) + 1), len(term) - 2, len(term) + 2)
            cursor.execute(_SQLITE_TERMS, span)
            known = [row[0] for row in cursor.fetchall()]
            found += difflib.get_close_matches(term, known, n=1, cutoff=_ALIKE)
    return found


def _make_trigrams(connection: BaseDatabaseWrapper) -> bool:
    """Add the extension, where this user of the database may or somebody has already."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(_POSTGRES_TRIGRAMS)
    except DatabaseError as error:
        logger.warning("Misspelt words will find nothing: pg_trgm could not be added (%s)", error)
        return False
    return True


@lru_cache
def _has_trigrams(alias: str) -> bool:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        return cursor.fetchone() is not None
