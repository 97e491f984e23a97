"""A page to write a text, and one that shows it as it was written."""

from django import forms
from django.contrib.admin.views.decorators import staff_member_required
from django.shortcuts import get_object_or_404, redirect, render

from .models import Text


class TextForm(forms.ModelForm):
    class Meta:
        model = Text
        fields = ["body", "aside"]


@staff_member_required
def write(request):
    form = TextForm(request.POST or None)
    if form.is_valid():
        return redirect("text", form.save().pk)
    return render(request, "texts/write.html", {"form": form})


def text(request, pk):
    return render(request, "texts/text.html", {"text": get_object_or_404(Text, pk=pk)})
