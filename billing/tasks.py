"""Index of this app's Celery tasks, for autodiscovery."""

from __future__ import annotations

from billing.given_time import forget_old_days
from billing.lots import expire
from billing.maturing import mature
from billing.metering import export
from billing.payouts import go_on, pay_monthly
from billing.reaping import reap
from billing.receipts import make
from billing.recharging import recharge
from billing.reconciling import daily
from billing.refunding import resend
from billing.settlement import settle
from billing.velocity import look
from billing.webhooks import process, work_off

__all__ = [
    "daily",
    "expire",
    "export",
    "forget_old_days",
    "go_on",
    "look",
    "make",
    "mature",
    "pay_monthly",
    "process",
    "reap",
    "recharge",
    "resend",
    "settle",
    "work_off",
]
