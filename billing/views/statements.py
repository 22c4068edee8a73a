"""Statements by the month: as a page, a table and a PDF."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from billing import account_statements, statement_files
from billing.account_statements import Statement, month_named
from billing.pages import section, viewed
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people


@for_people
@require_GET
def index(request: ActorRequest) -> HttpResponse:
    owner = viewed(request)
    found = account_statements.months(owner, by=request.actor)
    context = section(request, owner, "statements") | {"months": found}
    return render(request, "billing/statements.html", context)


@for_people
@require_GET
def statement(request: ActorRequest, month: str) -> HttpResponse:
    found = _of(request, month)
    context = section(request, found.owner, "statements") | {"statement": found}
    return render(request, "billing/statement.html", context)


@for_people
@require_GET
def as_csv(request: ActorRequest, month: str) -> HttpResponse:
    found = _of(request, month)
    return _file(statement_files.as_csv(found).encode(), "text/csv; charset=utf-8", found, "csv")


@for_people
@require_GET
def as_pdf(request: ActorRequest, month: str) -> HttpResponse:
    found = _of(request, month)
    return _file(statement_files.as_pdf(found), "application/pdf", found, "pdf")


def _of(request: ActorRequest, month: str) -> Statement:
    return account_statements.of_month(viewed(request), month_named(month), by=request.actor)


def _file(body: bytes, kind: str, found: Statement, ending: str) -> HttpResponse:
    made = HttpResponse(body, content_type=kind)
    name = f"statement-{found.owner.name}-{found.month:%Y-%m}.{ending}"
    made["Content-Disposition"] = f'attachment; filename="{name}"'
    return made
