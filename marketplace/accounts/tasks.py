"""Index of this app's Celery tasks, for autodiscovery."""

from marketplace.accounts.notifications import mail, tidy_up
from marketplace.accounts.recovery import send_link
from marketplace.accounts.sweeping import sweep

__all__ = ["mail", "send_link", "sweep", "tidy_up"]
