"""Staff tables. Keys and the audit log are looked at here, never written."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

from marketplace.accounts import second_factor, signing_in
from marketplace.accounts.models import (
    APIKey,
    AuditEntry,
    FailedSignIn,
    Membership,
    Organization,
    Owner,
    User,
)
from marketplace.lib.errors import TooMany


class StaffSignInForm(AdminAuthenticationForm):
    """Django's own, with the brake on guessing passwords that all other doors have."""

    def clean(self) -> dict[str, Any]:
        login = str(self.cleaned_data.get("username", ""))
        address = str(self.request.META.get("REMOTE_ADDR", "")) if self.request else ""
        try:
            signing_in.refuse_guessing(login, address=address)
        except TooMany as error:
            raise ValidationError(error.message) from None
        try:
            cleaned = super().clean()
        except ValidationError:
            signing_in.note_failure(login, address=address)
            raise
        try:  # of many guesses that came at once, only the first count
            signing_in.refuse_guessing(login, address=address)
        except TooMany as error:
            raise ValidationError(error.message) from None
        person = self.get_user()
        if isinstance(person, User) and second_factor.is_on(person):
            raise ValidationError("This account asks for a second factor: sign in at /sign_in/.")
        return cleaned


admin.site.login_form = StaffSignInForm


class LookedAt(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that nobody adds, edits or deletes by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        del request, obj
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(LookedAt):
    list_display = ["at", "actor_name", "action", "target", "key"]
    list_filter = ["action"]
    list_select_related = ["key"]
    search_fields = ["actor_name", "action", "target"]
    date_hierarchy = "at"


@admin.register(APIKey)
class APIKeyAdmin(LookedAt):
    list_display = ["label", "owner", "user", "mask", "last_used_at", "expires_at", "revoked_at"]
    list_filter = ["is_admin", "algorithm_access", "data_access"]
    list_select_related = ["owner", "user"]
    search_fields = ["label", "owner__name", "mask"]
    exclude = ["digest"]


@admin.register(FailedSignIn)
class FailedSignInAdmin(LookedAt):
    list_display = ["at", "address"]
    search_fields = ["address"]
    exclude = ["login_digest"]


@admin.register(Owner)
class OwnerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Suspend and welcome back; names stay, because addresses hang on them."""

    list_display = ["name", "user", "organization", "is_suspended", "closed_at", "created_at"]
    list_filter = ["is_suspended"]
    list_select_related = ["user", "organization"]
    search_fields = ["name", "user__email", "organization__label"]
    readonly_fields = ["name", "user", "organization", "closed_at", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        del request, obj
        return False


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    extra = 0
    raw_id_fields = ["user"]


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["label", "owner", "type_name", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["label", "owner__name"]
    inlines = [MembershipInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        del request, obj
        return False


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """People join by signing up or `manage.py add_person`, which also give them their name in URLs."""

    fieldsets = [
        *(UserAdmin.fieldsets or ()),
        ("About", {"fields": ["full_name", "company_name", "company_role", "is_staff_by_tags"]}),
    ]
    readonly_fields = ["username", "is_staff_by_tags"]

    def save_model(
        self,
        request: HttpRequest,
        obj: User,
        form: ModelForm,  # type: ignore[type-arg]
        change: bool,
    ) -> None:
        """What is set by hand is no tag's any more."""
        if "is_staff" in form.changed_data:
            obj.is_staff_by_tags = False
        super().save_model(request, obj, form, change)

    def has_add_permission(self, request: HttpRequest) -> bool:
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        del request, obj
        return False
