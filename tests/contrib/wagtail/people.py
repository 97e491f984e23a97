"""What people may do in Wagtail's admin, and what they read there."""

import re

IMAGE, DOCUMENT = "wagtailimages.Image.file", "wagtaildocs.Document.file"
ALL = ("view_scan", "approve_scan", "reject_scan", "reveal_scan", "bulk_scan", "view_decision")


def rows(response):
    """The texts of each row of a listing."""
    table = re.findall(r"<tr[ >].*?</tr>", response.content.decode(), re.DOTALL)[1:]
    cells = [re.findall(r"<td.*?</td>", row, re.DOTALL) for row in table]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def said(response):
    """The messages of a page."""
    return [str(message) for message in response.context["messages"]]
