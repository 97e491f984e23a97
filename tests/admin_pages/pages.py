"""The pages of the app's admin: the tests visit each. A new page is a new line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """``name`` of its URL in the admin; ``row`` of the site's that it is about, if any."""

    name: str
    row: str | None = None
    query: str = ""


PAGES = {
    "index": Page("index"),
    "scans waiting": Page("django_nsfw_scan_changelist"),
    "all scans": Page("django_nsfw_scan_changelist", query="queue=all"),
    "no scans": Page("django_nsfw_scan_changelist", query="queue=gone"),
    "held scan": Page("django_nsfw_scan_change", "held"),
    "animated scan": Page("django_nsfw_scan_change", "animated"),
    "unreadable scan": Page("django_nsfw_scan_change", "unreadable"),
    "settled scan": Page("django_nsfw_scan_change", "settled"),
    "undone scan": Page("django_nsfw_scan_change", "undone"),
    "preferences for looking": Page("django_nsfw_scan_looking"),
    "review queue": Page("django_nsfw_queue"),
    "filtered review queue": Page("django_nsfw_queue", query="status=held&low=0.6&sort=score"),
    "empty review queue": Page("django_nsfw_queue", query="high=0.01"),
    "held item": Page("django_nsfw_queue_item", "held"),
    "animated item": Page("django_nsfw_queue_item", "animated"),
    "unreadable item": Page("django_nsfw_queue_item", "unreadable"),
    "settled item": Page("django_nsfw_queue_item", "settled"),
    "quality sample": Page("django_nsfw_quality"),
    "quality report": Page("django_nsfw_quality_report"),
    "reports": Page("django_nsfw_reports"),
    "decisions": Page("django_nsfw_decision_changelist"),
    "decision": Page("django_nsfw_decision_change", "decision"),
    "known images": Page("django_nsfw_knownimage_changelist"),
    "known image": Page("django_nsfw_knownimage_change", "known"),
    "looks at pictures": Page("django_nsfw_reveal_changelist"),
    "look at a picture": Page("django_nsfw_reveal_change", "reveal"),
    "webhook deliveries": Page("django_nsfw_delivery_changelist"),
    "restrictions": Page("django_nsfw_fieldaccess_changelist"),
    "add a restriction": Page("django_nsfw_fieldaccess_add"),
    "rescans": Page("django_nsfw_run_changelist"),
    "rescan": Page("django_nsfw_run_change", "run"),
}
