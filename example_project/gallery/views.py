"""The public pages. The only lines about moderation: one queryset, one message."""

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.views.generic import CreateView, DetailView, ListView

from django_nsfw.listings import with_nsfw_status
from django_nsfw.models import Scan
from django_nsfw.policy import Action
from django_nsfw.scanning import examined

from .forms import PhotoForm
from .models import Photo


def public_photos() -> QuerySet[Photo]:
    """Rejected pictures are left out; held ones stay and say that they wait. One query."""
    photos = with_nsfw_status(Photo.objects.select_related("owner"))
    # exclude() alone would also drop what was never scanned: NULL equals nothing.
    return photos.filter(Q(nsfw_image__isnull=True) | ~Q(nsfw_image=Scan.Status.REJECTED))


class Gallery(ListView):  # type: ignore[type-arg]
    template_name = "gallery/gallery.html"
    context_object_name = "photos"
    paginate_by = 12

    def get_queryset(self) -> QuerySet[Photo]:
        return public_photos()


class PhotoPage(DetailView):  # type: ignore[type-arg]
    template_name = "gallery/photo.html"
    context_object_name = "photo"

    def get_queryset(self) -> QuerySet[Photo]:
        return public_photos()


class Upload(CreateView):  # type: ignore[type-arg]
    template_name = "gallery/upload.html"
    form_class = PhotoForm
    success_url = reverse_lazy("gallery:gallery")

    def form_valid(self, form: "ModelForm[Photo]") -> HttpResponse:
        if self.request.user.is_authenticated:
            form.instance.owner = self.request.user
        response = super().form_valid(form)
        found = examined(form.cleaned_data["image"])
        if found is not None and found.pending:
            messages.info(
                self.request,
                f"Thank you. “{form.instance}” is being checked; others see it as soon as it is "
                "clear.",
            )
        elif found is not None and found.action is Action.HOLD:
            messages.info(
                self.request,
                f"Thank you. “{form.instance}” awaits review: a moderator looks at it before "
                "others can see it.",
            )
        else:
            messages.success(self.request, f"Thank you. “{form.instance}” is published.")
        return response
