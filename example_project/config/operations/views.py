from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


def metrics(request: HttpRequest) -> HttpResponse:
    """For anybody: the gallery answers on loopback alone. A site keeps visitors away from here."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
