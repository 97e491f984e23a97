from django.views.generic import DetailView, ListView

from .models import Text


class Texts(ListView):  # type: ignore[type-arg]
    model = Text
    template_name = "texts/texts.html"


class TextPage(DetailView):  # type: ignore[type-arg]
    model = Text
    template_name = "texts/text.html"
