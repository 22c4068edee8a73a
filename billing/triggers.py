"""What the database itself refuses: changing the books, and journals that do not sum to zero.

The migration installs these. Nothing in the product can switch them off; the tests' flush of
their own database takes them away and puts them back (tests/ledgers.py). PostgreSQL checks the
sums once for each statement, over all rows it has inserted, so the legs of a journal have to
arrive in one. SQLite cannot: there `ledger.post_journal` checks, and a test sweeps.
"""

from __future__ import annotations

from typing import Final

TABLES: Final = ("billing_journal", "billing_entry")

POSTGRESQL: Final = (
    """
    CREATE FUNCTION billing_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'The books are only ever added to: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE FUNCTION billing_sums_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE uneven bigint;
    BEGIN
      SELECT written.journal_id INTO uneven FROM written
        JOIN billing_account ON billing_account.id = written.account_id
        GROUP BY written.journal_id, billing_account.currency
        HAVING sum(written.amount) <> 0 LIMIT 1;
      IF FOUND THEN
        RAISE EXCEPTION 'The entries of journal % do not sum to zero.', uneven
          USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NULL;
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_is_kept BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION billing_append_only()
        """
        for table in TABLES
    ),
    *(
        f"""
        CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION billing_append_only()
        """
        for table in TABLES
    ),
    """
    CREATE TRIGGER billing_entry_sums_to_zero AFTER INSERT ON billing_entry
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION billing_sums_to_zero()
    """,
    "ALTER TABLE billing_limit SET (fillfactor = 50)",
    "ALTER TABLE billing_balance SET (fillfactor = 50)",
    "ALTER TABLE billing_lease SET (fillfactor = 50)",
)

SQLITE: Final = tuple(
    f"""
    CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'The books are only ever added to: {verb} of {table} is refused.'); END
    """
    for table in TABLES
    for verb in ("UPDATE", "DELETE")
)
SQLITE_NAMES: Final = tuple(
    f"{table}_refuses_{verb}" for table in TABLES for verb in ("update", "delete")
)


def statements(vendor: str) -> tuple[str, ...]:
    return POSTGRESQL if vendor == "postgresql" else SQLITE
