"""What people fill in about money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from billing.models import Budget
from billing.recharging import Order
from marketplace.lib.errors import BadInput
from marketplace.lib.money import MICRO_PER_DOLLAR, parse_dollars

AMOUNTS = (10, 25, 50, 100)


class MoneyField(forms.CharField):
    """An amount as a person writes it; micro-units in the end."""

    def clean(self, value: object) -> int:
        text = str(super().clean(value)).replace("$", "").replace(",", "").strip()
        try:
            return parse_dollars(text or "0", what=str(self.label or _("The amount")))
        except BadInput as error:
            raise forms.ValidationError(error.message) from error


class TopUpForm(forms.Form):
    amount = MoneyField(
        label=_("Amount"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class RechargeForm(forms.Form):
    is_on = forms.BooleanField(label=_("Buy credit by itself when it runs low"), required=False)
    threshold = MoneyField(label=_("When the balance is below"))
    amount = MoneyField(label=_("Buy"))
    monthly_cap = MoneyField(label=_("At most in a month"))

    def order(self) -> Order:
        names = ("threshold", "amount", "monthly_cap")
        return Order(**{name: self.cleaned_data[name] for name in names})


class BudgetForm(forms.Form):
    """Who is bounded, how much, how often. The choices are what the account has."""

    subject = forms.ChoiceField(label=_("For"))
    period = forms.ChoiceField(label=_("In"), choices=Budget.Period.choices)
    amount = MoneyField(
        label=_("At most"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, subjects: Sequence[tuple[str, str]], **kwargs: Any) -> None:  # noqa: ANN401 - Django's own
        super().__init__(*args, **kwargs)
        field = self.fields["subject"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - named above
        field.choices = list(subjects)


class AmountForm(forms.Form):
    amount = MoneyField(label=_("At most"))


class GrantForm(forms.Form):
    owner = forms.CharField(label=_("Account"), max_length=60)
    amount = MoneyField(label=_("Amount"))
    is_paid = forms.BooleanField(label=_("Paid for by other ways"), required=False)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
    key = forms.CharField(widget=forms.HiddenInput, max_length=60)


class CreditLimitForm(forms.Form):
    amount = MoneyField(
        label=_("At most owed"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class CountryForm(forms.Form):
    country = forms.ChoiceField(label=_("Country in which you are paid"))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - named above
        field.choices = [(code, code) for code in settings.PAYOUT_COUNTRIES]


def offered() -> list[int]:
    """The amounts to choose from, in whole units; none below what can be bought."""
    least, most = settings.TOP_UP_MINIMUM, settings.TOP_UP_MAXIMUM
    return sorted({min(max(amount, least), most) for amount in AMOUNTS})


def recharge_defaults() -> dict[str, str]:
    least = settings.TOP_UP_MINIMUM
    return {
        "threshold": f"{least / 2:.2f}",
        "amount": f"{2 * least:.2f}",
        "monthly_cap": f"{10 * least:.2f}",
    }


def first_fault(form: forms.Form) -> str:
    return str(next(iter(form.errors.values()))[0])


def in_dollars(micro: int) -> str:
    return f"{micro / MICRO_PER_DOLLAR:.2f}"
