"""Paths of money."""

from __future__ import annotations

from django.urls import path

from billing.views import books, buying, earning, stripe

app_name = "billing"
urlpatterns = [
    path("billing/top-up/", buying.top_up, name="top_up"),
    path("billing/top-up/done/", buying.arrived, name="arrived"),
    path("billing/auto-recharge/", buying.auto_recharge, name="auto_recharge"),
    path("billing/card/", buying.leave_card, name="leave_card"),
    path("billing/card/left/", buying.card_left, name="card_left"),
    path("billing/portal/", buying.portal, name="portal"),
    path("billing/get-paid/", earning.get_paid, name="get_paid"),
    path("billing/get-paid/again/", earning.again, name="get_paid_again"),
    path("billing/get-paid/dashboard/", earning.dashboard, name="payout_dashboard"),
    path("billing/get-paid/now/", earning.cash_out, name="cash_out"),
    path("billing/payouts/<int:line_id>/", earning.payout, name="payout"),
    path("billing/books/", books.books, name="books"),
    path("billing/books/compare/", books.compare, name="compare_books"),
    path("billing/books/findings/<int:finding_id>/", books.settle, name="settle_finding"),
    path("billing/stripe/webhook", stripe.webhook, name="stripe_webhook"),
    path("test-stripe/<path:path>", stripe.test_page, name="test_stripe"),
]
