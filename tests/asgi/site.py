"""The ways of an upload through a site under ASGI, and what goes on meanwhile.

Every way answers with the scan of what was stored, or with what was said against it.
"""

import asyncio
import time

from asgiref.sync import sync_to_async
from django import forms
from django.core.exceptions import SynchronousOnlyOperation, ValidationError
from django.http import JsonResponse
from django.urls import path

from django_nsfw.assessment import aassess, assess
from django_nsfw.models import Scan
from django_nsfw.validators import NSFWValidator
from tests.asgi.detectors import PatientDetector
from tests.host.models import Photo

PhotoForm = forms.modelform_factory(Photo, fields=["title", "image"])
refuse = NSFWValidator(reject=0.9)


async def by_validator(request):
    image = request.FILES["image"]
    try:
        await refuse.acheck(image)
    except ValidationError as error:
        return JsonResponse({"errors": error.messages}, status=400)
    return await said_of(await Photo.objects.acreate(image=image))


async def by_form(request):
    form = PhotoForm(request.POST, request.FILES)
    if not await sync_to_async(form.is_valid)():
        return JsonResponse({"errors": form.errors["image"]}, status=400)
    photo = form.save(commit=False)
    await photo.asave()
    return await said_of(photo)


async def by_saving(request):
    """Nobody asks before: the gate does."""
    return await said_of(await Photo.objects.acreate(image=request.FILES["image"]))


def in_a_thread(request):
    form = PhotoForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors["image"]}, status=400)
    return JsonResponse(facts(form.save()))


async def of_many(request):
    found = await asyncio.gather(*map(aassess, request.FILES.getlist("image")))
    return JsonResponse({"scores": [each.nsfw for each in found]})


async def in_the_loop(request):
    """What somebody writes who does not know better."""
    image = request.FILES["image"]
    photo = Photo(image=image)
    said = {}
    for way, do in {
        "form": PhotoForm({}, {"image": image}).is_valid,
        "validator": lambda: refuse(image),
        "field": lambda: photo.image.save("a.jpg", image, save=False),
        "assess": lambda: assess(image),
    }.items():
        try:
            do()
        except SynchronousOnlyOperation as error:
            said[way] = str(error)
    return JsonResponse(said)


async def blocking(request):
    """The same where Django is told that it may: for the measurement of what that costs."""
    form = PhotoForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors["image"]}, status=400)
    return JsonResponse(facts(form.save()))


async def waiting(request):
    return JsonResponse({"waiting": PatientDetector.waiting})


async def lag(request):
    """Seconds by which the event loop was late, for each tick since this was asked before."""
    late, Ticking.late = Ticking.late, []
    Ticking.task = Ticking.task or asyncio.create_task(Ticking.tick())
    return JsonResponse({"late": late})


class Ticking:
    EVERY = 0.01
    late: list[float] = []
    task = None

    @classmethod
    async def tick(cls):
        while True:
            due = time.perf_counter() + cls.EVERY
            await asyncio.sleep(cls.EVERY)
            cls.late.append(time.perf_counter() - due)


async def hold_on(request):
    PatientDetector.told.clear()
    return JsonResponse({})


async def go_on(request):
    PatientDetector.told.set()
    return JsonResponse({})


async def said_of(photo):
    return JsonResponse(await sync_to_async(facts)(photo))


def facts(photo):
    scan = Scan.objects.of_object(photo, "image").get()
    return {"status": scan.status, "name": photo.image.name, "nsfw": scan.nsfw}


urlpatterns = [
    path("by_validator/", by_validator),
    path("by_form/", by_form),
    path("by_saving/", by_saving),
    path("in_a_thread/", in_a_thread),
    path("of_many/", of_many),
    path("in_the_loop/", in_the_loop),
    path("blocking/", blocking),
    path("waiting/", waiting),
    path("lag/", lag),
    path("hold_on/", hold_on),
    path("go_on/", go_on),
]
