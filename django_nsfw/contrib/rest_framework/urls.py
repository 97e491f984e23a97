"""``path("api/nsfw/", include("django_nsfw.contrib.rest_framework.urls"))``"""

from rest_framework.routers import SimpleRouter

from .views import DecisionViewSet, ScanViewSet

app_name = "nsfw"

router = SimpleRouter()
router.register("scans", ScanViewSet, basename="scan")
router.register("decisions", DecisionViewSet, basename="decision")

urlpatterns = router.urls
