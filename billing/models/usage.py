"""What each call has cost: the one row that its settlement, its receipt and its bill are made of."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.journals import Journal
from marketplace.accounts.models import Owner


class Usage(models.Model):
    """The bill of one call, written in the same transaction as the call's record.

    Amounts are micro-units. It outlives what it points at, hence no database-level foreign keys
    but the one to the books. Only settlement changes it, once, and the making of its receipt.
    """

    class Outcome(models.TextChoices):
        BILLED = "billed", _("Billed")
        FAILED = "failed", _("Not billed: the call failed")
        CANCELLED = "cancelled", _("Not billed: the call was cancelled")
        TIMED_OUT = "timed_out", _("Out of time")
        STOPPED = "stopped", _("Stopped at its limit of cost")
        OVERDRAWN = "overdrawn", _("Failed or cancelled, beyond the day's free time")
        NOT_RUN = "not_run", _("Not billed: it did not run")
        FREE = "free", _("Free")
        KEPT = "kept", _("Kept online, waiting for calls")

    call_id = models.UUIDField(primary_key=True, editable=False)
    root_id = models.UUIDField(db_index=True, help_text="The call that set the tree off")
    parent_id = models.UUIDField(null=True)
    payer = models.ForeignKey(
        Owner, on_delete=models.DO_NOTHING, db_constraint=False, related_name="usage"
    )
    author = models.ForeignKey(
        Owner, on_delete=models.DO_NOTHING, db_constraint=False, related_name="earned_usage"
    )
    algorithm_id = models.UUIDField(db_index=True)
    version_id = models.UUIDField(null=True)
    key_id = models.UUIDField(null=True)
    member_id = models.BigIntegerField(
        null=True, help_text="The person whose key or session it was"
    )
    tag = models.CharField(max_length=60, blank=True)
    path = models.CharField(max_length=150, blank=True, help_text="owner/name at that time")
    version = models.CharField(max_length=40, blank=True, help_text="1.2.3, or a commit")
    version_digest = models.CharField(max_length=64, blank=True, help_text="Of what was run")
    operation = models.CharField(max_length=100, blank=True, help_text="Where there are several")
    input_sha256 = models.CharField(max_length=64, blank=True)
    output_sha256 = models.CharField(max_length=64, blank=True)
    total_us = models.PositiveBigIntegerField(default=0)
    queue_us = models.PositiveBigIntegerField(default=0)
    start_us = models.PositiveBigIntegerField(default=0)
    load_us = models.PositiveBigIntegerField(default=0)
    run_us = models.PositiveBigIntegerField(default=0)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    billed_ms = models.PositiveBigIntegerField(default=0)
    compute = models.BigIntegerField(default=0)
    royalty = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0, help_text="What was set aside for it at most")
    price: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        help_text="The prices at admission: rate, royalty, share_bps, minimum_ms"
    )
    limit_ids: models.JSONField[list[int], list[int]] = models.JSONField(
        default=list, help_text="The wallet and the windows it is charged to"
    )
    is_held = models.BooleanField(
        default=True, help_text="Whether those limits still have it set aside"
    )
    at = models.DateTimeField(db_index=True)
    promo = models.BigIntegerField(default=0, help_text="Settled: paid with given credit")
    lost = models.BigIntegerField(default=0, help_text="Settled: nobody could pay it any more")
    owed = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Settled: booked to the receivable of a post-paid payer",
    )
    author_share = models.BigIntegerField(default=0, help_text="Settled: earned by the author")
    has_receipt = models.BooleanField(default=False, db_default=False)
    settled_in = models.ForeignKey(
        Journal, on_delete=models.PROTECT, null=True, blank=True, related_name="usage"
    )

    class Meta:
        verbose_name_plural = "usage"
        constraints = [
            models.CheckConstraint(
                condition=Q(compute__gte=0, royalty__gte=0, total=F("compute") + F("royalty")),
                name="a_bill_is_compute_and_royalty",
            ),
            models.CheckConstraint(
                condition=Q(total__lte=F("held")), name="nothing_is_charged_that_was_not_held"
            ),
            models.CheckConstraint(
                condition=Q(
                    promo__gte=0,
                    lost__gte=0,
                    author_share__gte=0,
                    author_share__lte=F("royalty"),
                    total__gte=F("promo") + F("lost"),
                ),
                name="a_settlement_is_part_of_the_bill",
            ),
        ]
        indexes = [
            models.Index(
                fields=["at"],
                condition=Q(settled_in__isnull=True, total__gt=0),
                name="usage_to_settle",
            ),
            models.Index(
                fields=["at"], condition=Q(has_receipt=False), name="usage_without_a_receipt"
            ),
            models.Index(fields=["payer", "-at"]),
            models.Index(fields=["author", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.total} for req-{self.call_id}"
