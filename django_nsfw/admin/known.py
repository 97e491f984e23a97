"""What is known, to be read; and revoked, where an entry does more harm than good."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..models import KnownImage
from .decision import ReadOnly


@admin.register(KnownImage)
class KnownImageAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["outcome", "origin", "sha256", "pdq", "quality", "created_at", "revoked_at"]
    list_filter = ["outcome", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["decision"]
    search_fields = ["sha256__startswith", "pdq__startswith", "source__startswith"]
    search_help_text = _("SHA-256, PDQ hash or name of a list, from its beginning")
    show_full_result_count = False
    ordering = ["-pk"]
    actions = ["revoke"]
    fields = (
        "outcome", "origin", "sha256", "pdq", "quality", "note", "created_at", "revoked_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("according to"))
    def origin(self, known: KnownImage) -> str:
        return known.origin

    @admin.action(description=_("Revoke: recognise them no more"), permissions=["manage"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[KnownImage]) -> None:
        done = KnownImage.objects.filter(pk__in=queryset.values("pk")).revoke()
        text = ngettext("%d entry was revoked.", "%d entries were revoked.", done) % done
        self.message_user(request, text, messages.SUCCESS)

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_nsfw.manage_known")
