"""What a page may send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts import site_settings
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Membership
from marketplace.accounts.organizations import Details
from marketplace.lib import names
from marketplace.lib.errors import MarketplaceError

T = TypeVar("T")


def carried_out(form: forms.Form, act: Callable[[], T], *, field: str | None = None) -> T | None:
    """Do it, or put the reason why not where the person who filled in the form reads it."""
    try:
        return act()
    except MarketplaceError as error:
        form.add_error(field, error.message)
        return None


class SignUpForm(forms.Form):
    username = forms.CharField(
        label=_("Account name"),
        max_length=names.MAX_LENGTH,
        help_text=_(
            "Letters, digits and underscores. It is the first part of the address of "
            "everything you publish, and stays."
        ),
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
        ),
    )
    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("For news about your account. Nobody else sees it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        help_text=_("Eight characters or more, and none that everybody uses."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    invitation = forms.CharField(
        label=_("Invitation code"),
        max_length=40,
        required=False,
        help_text=_("New accounts need one here; the operator of the site has given it to you."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        if not site_settings.needs_invitation():
            del self.fields["invitation"]


class SignInForm(forms.Form):
    login = forms.CharField(
        label=_("Account name or e-mail"),
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ForgottenForm(forms.Form):
    login = forms.CharField(
        label=_("Account name or e-mail"),
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
        ),
    )


class NewPasswordForm(forms.Form):
    password = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=200,
        help_text=_("Eight characters or more, and none that everybody uses."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )


class DetailsForm(forms.Form):
    full_name = forms.CharField(
        label=_("Name"),
        max_length=100,
        required=False,
        help_text=_("As others read it beside what you publish."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("As my browser asks")), *settings.LANGUAGES],
        help_text=_("Of the pages and of mails to you."),
    )
    theme = forms.ChoiceField(
        label=_("Colours"),
        required=False,
        choices=[("", _("As my system says")), ("light", _("Light")), ("dark", _("Dark"))],
    )


class EmailForm(forms.Form):
    email = forms.CharField(
        label=_("New e-mail address"),
        max_length=254,
        help_text=_("It counts once you open the link that we mail there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class PictureForm(forms.Form):
    picture = forms.FileField(
        label=_("Picture"),
        help_text=_("JPEG, PNG, WebP or GIF, up to 5 MB. It is cut to a square."),
        widget=forms.ClearableFileInput(
            attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}
        ),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autofocus": True,
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )


class ConfirmForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


class CloseForm(forms.Form):
    name = forms.CharField(
        label=_("To go on, type the account name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )


class PasswordForm(forms.Form):
    present = forms.CharField(
        label=_("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=200,
        help_text=_("Other browsers where you are signed in will have to sign in again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class KeyForm(forms.Form):
    label = forms.CharField(
        label=_("Label"),
        max_length=100,
        help_text=_("Where you will use it. Make one key for each application."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    algorithm_access = forms.ChoiceField(
        label=_("Which algorithms may it call?"),
        choices=APIKey.AlgorithmAccess.choices,
        initial=APIKey.AlgorithmAccess.NONE,
        widget=forms.RadioSelect,
    )
    algorithm_patterns = forms.CharField(
        label=_("Only these algorithms"),
        required=False,
        help_text=_(
            "One on each line: algo://owner/name or algo://owner/*. "
            "Without any, a restricted key calls nothing."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
    may_manage = forms.BooleanField(
        label=_("It may manage my algorithms: create, build and publish"), required=False
    )
    data_access = forms.ChoiceField(
        label=_("What may it do with my data?"),
        choices=APIKey.DataAccess.choices,
        initial=APIKey.DataAccess.NONE,
        widget=forms.RadioSelect,
    )
    from_native = forms.BooleanField(
        label=_("It is used by programs and servers"), required=False, initial=True
    )
    from_web = forms.BooleanField(label=_("It is used by web pages in browsers"), required=False)
    web_origin = forms.CharField(
        label=_("Host name of the web pages"),
        max_length=255,
        required=False,
        help_text=_("For example shop.example.org. Everybody who opens the page can read the key."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    expires_on = forms.DateField(
        label=_("Last day"),
        required=False,
        help_text=_("Leave it empty for a key that works until you revoke it."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        calls = data.get("algorithm_access") != APIKey.AlgorithmAccess.NONE
        if not (
            calls or data.get("may_manage") or data.get("data_access") != APIKey.DataAccess.NONE
        ):
            self.add_error(
                "algorithm_access",
                _("A key like this can do nothing. Choose what it may call, or a right below."),
            )
        return data

    def scopes(self) -> KeyScopes:
        data = self.cleaned_data
        return KeyScopes(
            algorithm_access=APIKey.AlgorithmAccess(data["algorithm_access"]),
            algorithm_patterns=data["algorithm_patterns"].split(),
            may_manage=data["may_manage"],
            data_access=APIKey.DataAccess(data["data_access"]),
            from_native=data["from_native"],
            from_web=data["from_web"],
            web_origin=data["web_origin"],
        )

    def expires_at(self) -> datetime | None:
        """The end of the last day."""
        last_day = self.cleaned_data["expires_on"]
        if last_day is None:
            return None
        return timezone.make_aware(datetime.combine(last_day, time.max))


class OrganizationForm(forms.Form):
    label = forms.CharField(
        label=_("Display name"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    contact_name = forms.CharField(label=_("Contact"), max_length=100, required=False)
    contact_email = forms.CharField(
        label=_("Contact e-mail"), max_length=254, required=False, widget=forms.EmailInput
    )
    website = forms.CharField(
        label=_("Website"),
        max_length=200,
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )

    def details(self) -> Details:
        data = self.cleaned_data
        return Details(
            label=data["label"],
            contact_name=data["contact_name"],
            contact_email=data["contact_email"],
            website=data["website"],
        )


class NewOrganizationForm(OrganizationForm):
    name = forms.CharField(
        label=_("Organization name"),
        max_length=names.MAX_LENGTH,
        help_text=_(
            "Letters, digits and underscores. It is the first part of its addresses, and stays."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ["name", "label", "contact_name", "contact_email", "website"]


ROLES = [
    (Membership.Role.MEMBER, _("Member: builds algorithms, reads source and data")),
    (Membership.Role.EXECUTOR, _("Executor: calls private algorithms, sees no source")),
    (Membership.Role.BILLING, _("Billing: sees and pays the bills, and nothing else")),
    (Membership.Role.ADMIN, _("Administrator: a member who manages people, keys and approvals")),
    (Membership.Role.OWNER, _("Owner: an administrator who can also close the organization")),
]


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=ROLES)

    def chosen(self) -> Membership.Role:
        return Membership.Role(self.cleaned_data["role"])


class InviteForm(RoleForm):
    person = forms.CharField(
        label=_("Account name or e-mail"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ["person", "role"]
