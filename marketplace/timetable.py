"""What the site does by itself, how often, in seconds, and which worker does what.

Celery beat sends the tasks of the timetable; what is not named in the queues is for any worker.
"""

from __future__ import annotations

from typing import Final

TIMETABLE: Final = {
    "queue-what-was-forgotten": {"task": "algorithms.builds.recover", "schedule": 10.0},
    "look-after-services": {"task": "projects.launching.recover", "schedule": 10.0},
    "keep-reservations-warm": {"task": "projects.reserving.recover", "schedule": 10.0},
    "queue-forgotten-requests": {"task": "algorithms.later.recover", "schedule": 10.0},
    "queue-forgotten-imports": {"task": "algorithms.importing.recover", "schedule": 30.0},
    "queue-forgotten-publishes": {"task": "algorithms.publications.recover", "schedule": 30.0},
    "pay-once-what-ran-twice": {
        "task": "algorithms.later.give_back_repeats",
        "schedule": 60.0,
    },
    "tidy-up-notifications": {
        "task": "marketplace.accounts.notifications.tidy_up",
        "schedule": 1800.0,
    },
    "look-how-the-site-is": {"task": "marketplace.staff.health_samples.sample", "schedule": 60.0},
    "forget-expired-runs": {"task": "algorithms.runs.tidy_up", "schedule": 3600.0},
    "forget-old-insights": {"task": "algorithms.insights.tidy_up", "schedule": 3600.0},
    "forget-builds-nobody-needs": {"task": "algorithms.retention.tidy_up", "schedule": 3600.0},
    "measure-what-was-called": {
        "task": "marketplace.catalog.measuring.measure_called",
        "schedule": 60.0,
    },
    "measure-all-algorithms": {
        "task": "marketplace.catalog.measuring.measure_all",
        "schedule": 3600.0,
    },
    "sweep-what-has-ended": {"task": "marketplace.accounts.sweeping.sweep", "schedule": 3600.0},
    "forget-old-days-of-free-time": {
        "task": "billing.given_time.forget_old_days",
        "schedule": 86_400.0,
    },
    "settle-what-was-used": {"task": "billing.settlement.settle", "schedule": 2.0},
    "make-receipts": {"task": "billing.receipts.make", "schedule": 2.0},
    "release-what-the-dead-hold": {"task": "billing.reaping.reap", "schedule": 15.0},
    "work-off-what-stripe-told": {"task": "billing.webhooks.work_off", "schedule": 20.0},
    "recharge-what-runs-low": {"task": "billing.recharging.recharge", "schedule": 30.0},
    "ask-again-about-refunds": {"task": "billing.refunding.resend", "schedule": 300.0},
    "report-usage-to-stripe": {"task": "billing.metering.export", "schedule": 600.0},
    "let-royalties-mature": {"task": "billing.maturing.mature", "schedule": 3600.0},
    "pay-authors": {"task": "billing.payouts.pay_monthly", "schedule": 3600.0},
    "look-at-sudden-earnings": {"task": "billing.velocity.look", "schedule": 3600.0},
    "compare-the-books": {"task": "billing.reconciling.daily", "schedule": 86_400.0},
    "take-back-expired-credit": {"task": "billing.lots.expire", "schedule": 300.0},
    "sweep-temporary-data": {"task": "data_collections.sweeping.sweep", "schedule": 600.0},
}

QUEUES: Final = {
    "algorithms.builds.run": {"queue": "build"},
    "algorithms.later.run": {"queue": "call"},
    "algorithms.retention.tidy_up": {"queue": "build"},  # where the folders are
}
