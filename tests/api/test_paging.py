from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.accounts.models import AuditEntry
from marketplace.api import paging
from marketplace.lib.errors import BadInput


def names_of(page: paging.Page[AuditEntry]) -> list[str]:
    return [row.target for row in page.results]


@pytest.fixture
def rows(db: None) -> list[AuditEntry]:
    return [
        AuditEntry.objects.create(actor_name=f"{number // 3}", action="x", target=str(number))
        for number in range(10)
    ]


@pytest.mark.parametrize(
    ("order", "backwards"),
    [(("pk",), False), (("-pk",), True), (("actor_name", "pk"), False), (("-at", "-pk"), True)],
)
def test_pieces_joined_are_the_whole_in_every_order(
    rows: list[AuditEntry], order: tuple[str, ...], backwards: bool
) -> None:
    seen: list[str] = []
    marker: str | None = ""
    while marker is not None:
        piece = paging.page(AuditEntry.objects.all(), limit=3, marker=marker, order=order)
        seen += names_of(piece)
        marker = piece.marker

    expected = [row.target for row in rows]
    assert seen == (expected[::-1] if backwards else expected)


def test_the_last_full_piece_has_no_marker(rows: list[AuditEntry]) -> None:
    assert paging.page(AuditEntry.objects.all(), limit=10).marker is None


def test_rows_added_and_removed_meanwhile_hide_no_other(rows: list[AuditEntry]) -> None:
    first = paging.page(AuditEntry.objects.all(), limit=3)
    rows[1].delete()
    AuditEntry.objects.create(actor_name="new", action="x", target="new")

    second = paging.page(AuditEntry.objects.all(), limit=20, marker=first.marker or "")

    assert names_of(second) == ["3", "4", "5", "6", "7", "8", "9", "new"]


@given(st.text(max_size=60))
def test_a_made_up_marker_is_refused_or_harmless(marker: str) -> None:
    code = None
    try:
        paging._after(AuditEntry.objects.all(), marker, ("at", "pk"))
    except BadInput as refusal:
        code = refusal.wire_code

    assert code in (None, 5002)
