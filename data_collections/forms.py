"""What a page may send."""

from __future__ import annotations

from typing import Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from data_collections.models import Collection
from data_collections.permissions import may_create_collections_for
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib import names

_ACCESS = Collection.ReadAccess
IN_WORDS: Final = {
    _ACCESS.MY_ALGORITHMS: _(
        "My algorithms. The owner's algorithms read the files whoever calls "
        "them, but nobody else can download a file. Right for models."
    ),
    _ACCESS.PRIVATE: _(
        "Private. Only the owner reads the files; the owner's algorithms do so only "
        "when the owner calls them."
    ),
    _ACCESS.SEALED: _(
        "Sealed. Only the owner reads the files, and no algorithm ever does, not even the owner's "
        "own called by the owner. Right for what versions are compared by."
    ),
    _ACCESS.PUBLIC: _("Public. Everybody can read and download every file, without asking."),
}


class OwnerField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Owner) -> str:
        return (
            obj.name
            if obj.organization_id is None
            else _("%(name)s (organization)") % {"name": obj.name}
        )


class AccessForm(forms.Form):
    read_access = forms.ChoiceField(
        label=_("Who may read the files?"),
        choices=[(access.value, words) for access, words in IN_WORDS.items()],
        initial=_ACCESS.MY_ALGORITHMS.value,
        widget=forms.RadioSelect,
        help_text=_("Only the owner, and the members of an organization, ever write."),
    )

    def access(self) -> Collection.ReadAccess:
        return _ACCESS(self.cleaned_data["read_access"])


class NewCollectionForm(AccessForm):
    owner = OwnerField(label=_("Owner"), queryset=Owner.objects.none(), to_field_name="name")
    name = forms.CharField(
        label=_("Name"),
        max_length=names.MAX_LENGTH,
        help_text=_("Letters, digits and underscores. It is part of the path of every file in it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ["owner", "name", "read_access"]

    def __init__(self, data: QueryDict | None = None, *, actor: Actor) -> None:
        super().__init__(data)
        mine = Owner.objects.filter(pk__in=actor.owner_ids).order_by("name")
        allowed = [owner.pk for owner in mine if may_create_collections_for(actor, owner)]
        field = self.fields["owner"]
        assert isinstance(field, OwnerField)  # noqa: S101 - tells the type checker
        field.queryset = mine.filter(pk__in=allowed)
        self.initial.setdefault("owner", actor.name)
