"""The page for uploads once more, as a coroutine: others are served while a picture is scored."""

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from django_nsfw.policy import Action
from django_nsfw.scanning import examined

from .forms import PhotoForm


async def upload(request: HttpRequest) -> HttpResponse:
    form = PhotoForm(request.POST or None, request.FILES or None)
    if not await sync_to_async(form.is_valid)():
        # In a thread as well: the template asks who is logged in.
        return await sync_to_async(render)(request, "gallery/upload.html", {"form": form})
    photo = form.save(commit=False)
    user = await request.auser()
    photo.owner = user if user.is_authenticated else None
    await photo.asave()
    found = examined(form.cleaned_data["image"])
    waits = found is not None and found.action is Action.HOLD
    messages.info(request, f"Thank you. “{photo}” {'awaits review.' if waits else 'is published.'}")
    return redirect("gallery:gallery")
