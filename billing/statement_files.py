"""A statement to take away: as a table for a spreadsheet, and as a page for an accountant."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from fpdf import FPDF

from billing.account_statements import Statement
from marketplace.lib.money import MICRO_PER_DOLLAR, format_dollars
from marketplace.lib.spreadsheets import harmless

_INK: Final = (18, 32, 29)
_SOFT: Final = (93, 108, 103)
_LINE: Final = (219, 225, 218)
_SIGNS: Final = str.maketrans("\u2212\u2013\u2014\u2018\u2019\u201c\u201d\u201e", '---\'\'"""')


def as_csv(statement: Statement) -> str:
    """One table: every line has a part of the statement, what it is, how many and how much."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["part", "what", "version", "key", "count", "amount", "currency"])

    def row(part: str, what: str, amount: int, *, detail: Sequence[object] = ("", "", "")) -> None:
        version, key, count = detail
        money = format_dollars(amount)
        writer.writerow(
            [part, harmless(what), version, harmless(str(key)), count, money, settings.CURRENCY]
        )

    row("balance", f"opening {statement.month.isoformat()}", statement.opening)
    for line in statement.lines:
        row("change", line.kind, line.amount, detail=("", "", line.count))
    row("balance", "closing", statement.closing)
    for one in statement.calls:
        row("calls", one.path, -one.total, detail=(one.version, one.key, one.calls))
    for topup in statement.topups:
        row("top-up", str(topup.pk), topup.amount)
        row("tax", str(topup.pk), topup.tax)
    for lot in statement.lots:
        row("credit left", lot.get_source_display(), lot.remaining)
    return text.getvalue()


def as_pdf(statement: Statement) -> bytes:
    """Tables on as many pages as they need; no font and no picture is fetched.

    A language whose letters the standard fonts of PDF lack is told in English.
    """
    if not _is_plain(_("Statement of %(month)s")):
        with translation.override("en"):
            return _pages(statement)
    return _pages(statement)


def _pages(statement: Statement) -> bytes:
    page = _Page(orientation="portrait", format="A4")
    page.set_title(f"{settings.SITE_NAME} {statement.month:%Y-%m}")
    page.set_creator(settings.SITE_NAME)
    page.alias_nb_pages()
    page.add_page()
    page.head(statement)
    changes = [[_("Opening balance"), "", _money(statement.opening)]]
    changes += [[line.words, str(line.count), _money(line.amount)] for line in statement.lines]
    changes.append([_("Closing balance"), "", _money(statement.closing)])
    page.grid([_("What"), _("How many"), _("Amount")], changes, widths=(110, 34, 40))
    if statement.calls:
        page.section(_("Calls"))
        rows = [
            [f"{one.path} {one.version}", one.key, str(one.calls), _money(one.compute),
             _money(one.royalty), _money(one.total)]
            for one in statement.calls
        ]  # fmt: skip
        names = [_("Algorithm"), _("Key"), _("Calls"), _("Computing"), _("Royalty"), _("Charged")]
        page.grid(names, rows, widths=(60, 30, 16, 26, 26, 26))
    if statement.topups:
        page.section(_("Credit bought"))
        paid = [
            [f"{one.paid_at:%Y-%m-%d}", str(one.pk), _money(one.amount), _money(one.tax)]
            for one in statement.topups
        ]
        names = [_("Day"), _("Number"), _("Credit"), _("Tax")]
        page.grid(names, paid, widths=(26, 98, 30, 30))
    return bytes(page.output())


class _Page(FPDF):
    def head(self, statement: Statement) -> None:
        self._ink(_INK)
        self.set_font("Times", "B", 24)
        self.cell(0, 12, _plain(settings.SITE_NAME), new_x="LMARGIN", new_y="NEXT")
        self.set_font("Helvetica", "", 11)
        title = _("Statement of %(month)s") % {"month": f"{statement.month:%Y-%m}"}
        self.cell(0, 7, _plain(title), new_x="LMARGIN", new_y="NEXT")
        self._ink(_SOFT)
        whose = _("Account %(name)s, in %(currency)s, days of UTC") % {
            "name": statement.owner.name,
            "currency": settings.CURRENCY.upper(),
        }
        self.cell(0, 7, _plain(whose), new_x="LMARGIN", new_y="NEXT")
        if not statement.is_final:
            words = _("Not final yet: the month is not over.")
            self.cell(0, 7, _plain(words), new_x="LMARGIN", new_y="NEXT")
        self.ln(5)

    def section(self, title: str) -> None:
        self.ln(6)
        self._ink(_INK)
        self.set_font("Times", "B", 15)
        self.cell(0, 9, _plain(title), new_x="LMARGIN", new_y="NEXT")

    def grid(
        self, names: Sequence[str], rows: Sequence[Sequence[str]], *, widths: tuple[int, ...]
    ) -> None:
        """Amounts and counts stand at the end of their column."""
        self._ink(_INK)
        self.set_font("Helvetica", "", 9)
        self.set_draw_color(*_LINE)
        texts = sum(1 for name in names if name in {_("What"), _("Algorithm"), _("Key"), _("Day"), _("Number")})  # fmt: skip
        align = ["LEFT"] * texts + ["RIGHT"] * (len(names) - texts)
        with self.table(
            col_widths=widths,
            width=sum(widths),
            align="LEFT",
            text_align=align,
            borders_layout="HORIZONTAL_LINES",
            line_height=6,
        ) as table:
            for cells in (names, *rows):
                table.row([_plain(cell) for cell in cells])

    def footer(self) -> None:
        self.set_y(-15)
        self._ink(_SOFT)
        self.set_font("Helvetica", "", 8)
        self.cell(0, 8, f"{self.page_no()} / {{nb}}", align="R")

    def _ink(self, colour: tuple[int, int, int]) -> None:
        self.set_text_color(*colour)


def _plain(text: str) -> str:
    """The standard fonts of PDF know Latin letters; names here are made of those."""
    return str(text).translate(_SIGNS).encode("latin-1", "replace").decode("latin-1")


def _is_plain(text: str) -> bool:
    return "?" not in _plain(text)


def _money(micro: int) -> str:
    """With all its decimals, so that they stand below each other."""
    return f"{Decimal(micro) / MICRO_PER_DOLLAR:.6f}"
