"""Paths of money."""

from __future__ import annotations

from django.urls import path

from billing.views import (
    accounts,
    bounds,
    buying,
    earning,
    house,
    house_accounts,
    statements,
    stripe,
)

app_name = "billing"
urlpatterns = [
    path("billing/", accounts.overview, name="overview"),
    path("billing/usage/", accounts.usage, name="usage"),
    path("billing/budgets/", bounds.budget_list, name="budgets"),
    path("billing/budgets/<uuid:budget_id>/", bounds.change, name="change_budget"),
    path("billing/budgets/<uuid:budget_id>/end/", bounds.end, name="end_budget"),
    path("billing/receipts/", accounts.receipt_list, name="receipts"),
    path("billing/receipts/verifier.py", accounts.verifier, name="verifier"),
    path("billing/receipts/<uuid:receipt_id>/", accounts.receipt, name="receipt"),
    path("billing/receipts/<uuid:receipt_id>.json", accounts.receipt_file, name="receipt_file"),
    path("billing/receipts/<uuid:receipt_id>/object/", accounts.object_to, name="object_to"),
    path("billing/statements/", statements.index, name="statements"),
    path("billing/statements/<str:month>/", statements.statement, name="statement"),
    path("billing/statements/<str:month>/statement.csv", statements.as_csv, name="statement_csv"),
    path("billing/statements/<str:month>/statement.pdf", statements.as_pdf, name="statement_pdf"),
    path("billing/invoices/", accounts.invoices, name="invoices"),
    path("billing/earnings/", earning.earnings, name="earnings"),
    path("billing/earnings/earnings.csv", earning.earnings_csv, name="earnings_csv"),
    path("staff/money/", house.money, name="staff_money"),
    path("staff/money/objections/", house.objection_list, name="staff_objections"),
    path("staff/money/objections/<uuid:objection_id>/", house.decide, name="decide_objection"),
    path("staff/money/give/", house.give, name="give_credit"),
    path("staff/money/compare/", house.compare, name="compare_books"),
    path("staff/money/findings/<int:finding_id>/", house.settle, name="settle_finding"),
    path("staff/money/accounts/", house_accounts.find, name="staff_find_account"),
    path("staff/money/accounts/<str:name>/", house_accounts.account, name="staff_account"),
    path("staff/money/accounts/<str:name>/freeze/", house_accounts.freeze, name="freeze"),
    path("staff/money/accounts/<str:name>/later/", house_accounts.pay_later, name="pay_later"),
    path("staff/money/refunds/<uuid:topup_id>/", house.refund, name="refund_topup"),
    path("staff/money/stop/", house.stop, name="stop_spending"),
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
    path("billing/stripe/webhook", stripe.webhook, name="stripe_webhook"),
    path("test-stripe/<path:path>", stripe.test_page, name="test_stripe"),
]
