"""Index of this app's Celery tasks, for autodiscovery."""

from marketplace.accounts.notifications import mail, tidy_up

__all__ = ["mail", "tidy_up"]
