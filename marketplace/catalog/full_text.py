"""Words to ranked algorithms, in the words of whichever database the site has.

SQLite has an FTS5 table that triggers keep true; PostgreSQL an expression index and trigrams
for misspelt names. Both are made after every `migrate`, so that nothing has to re-index.
"""

# ruff: noqa: S608 - statements are put together from constants only; words are parameters

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

MOST: Final = 1000
"""Ranked matches that are looked at; beyond them nobody turns the page."""

_SQLITE_FIELDS: Final = "name, label, tagline, readme"
_SQLITE_NEW: Final = f"""
    INSERT INTO catalog_search (algorithm_id, {_SQLITE_FIELDS})
    VALUES (new.id, new.name, new.label, new.tagline, new.readme)
"""
_SQLITE: Final = (
    f"""CREATE VIRTUAL TABLE IF NOT EXISTS catalog_search USING fts5(
        algorithm_id UNINDEXED, {_SQLITE_FIELDS}, tokenize = 'porter unicode61 remove_diacritics 2'
    )""",
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
_SQLITE_QUERY: Final = """
    SELECT algorithm_id FROM catalog_search WHERE catalog_search MATCH %s
    ORDER BY bm25(catalog_search, 0, 10, 10, 4, 1), algorithm_id LIMIT %s
"""

# The same text in the index and in the query, or PostgreSQL does not use the index.
_POSTGRES_DOCUMENT: Final = r"""(
    setweight(to_tsvector('english',
        regexp_replace(name, '([a-z0-9])([A-Z])|_', '\1 \2', 'g') || ' ' || label), 'A')
    || setweight(to_tsvector('english', tagline), 'B')
    || setweight(to_tsvector('english', left(readme, 200000)), 'D'))"""
_POSTGRES: Final = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    f"""CREATE INDEX IF NOT EXISTS catalog_search ON algorithms_algorithm
        USING gin ({_POSTGRES_DOCUMENT})""",
    """CREATE INDEX IF NOT EXISTS catalog_search_label ON algorithms_algorithm
        USING gin (label gin_trgm_ops)""",
)
_POSTGRES_QUERY: Final = f"""
    SELECT id FROM algorithms_algorithm WHERE {_POSTGRES_DOCUMENT} @@ to_tsquery('english', %s)
    ORDER BY ts_rank({_POSTGRES_DOCUMENT}, to_tsquery('english', %s)) DESC, id LIMIT %s
"""
_POSTGRES_MISSPELT: Final = """
    SELECT id FROM algorithms_algorithm WHERE %s <%% label OR %s <%% name
    ORDER BY greatest(word_similarity(%s, label), word_similarity(%s, name)) DESC, id LIMIT %s
"""


def prepare(alias: str) -> None:
    """Make what searching needs in this database; harmless if it is there already."""
    connection = connections[alias]
    if "algorithms_algorithm" not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        for statement in _POSTGRES if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)


def ranked(words: str, alias: str = "default") -> list[UUID]:
    """Algorithms that hold all of the words, best first; if none does, those that hold some."""
    terms = re.findall(r"\w+", words)[:12]
    if not terms:
        return []
    connection = connections[alias]
    if connection.vendor == "postgresql":
        return _in_postgres(connection, terms)
    every, some = " ".join(f'"{term}"*' for term in terms), " OR ".join(f'"{t}"*' for t in terms)
    return _ids(connection, _SQLITE_QUERY, every, MOST) or _ids(
        connection, _SQLITE_QUERY, some, MOST
    )


def _in_postgres(connection: BaseDatabaseWrapper, terms: list[str]) -> list[UUID]:
    every, some = " & ".join(f"{term}:*" for term in terms), " | ".join(f"{t}:*" for t in terms)
    text = " ".join(terms)
    return (
        _ids(connection, _POSTGRES_QUERY, every, every, MOST)
        or _ids(connection, _POSTGRES_QUERY, some, some, MOST)
        or _ids(connection, _POSTGRES_MISSPELT, text, text, text, text, MOST)
    )


def _ids(connection: BaseDatabaseWrapper, statement: str, *values: str | int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] if isinstance(row[0], UUID) else UUID(row[0]) for row in cursor.fetchall()]
