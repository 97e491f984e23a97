"""What the app tells the rest of the site. Sent by ``send_robust``, after the commit.

The sender of each is ``django_nsfw.models.Scan``; ``scan`` is a copy of it as it stood at that
moment, ``decision`` the ``Decision`` behind it, or None where a score or a known image settled it.
A receiver that raises is logged by Django and disturbs nobody. Objects whose file is the same are
told of one by one. Each is sent once at most: a process that dies after the commit sends nothing;
but for ``file_replaced``, which is sent at least once, and ``image_assessed`` and ``sweeping``,
which are of no scan.
"""

from django.dispatch import Signal

image_held = Signal()
"""A file waits behind a placeholder for a moderator. Arguments: ``scan``, ``decision``."""

image_released = Signal()
"""A file that was behind a placeholder is public. Arguments: ``scan``, ``decision``."""

image_rejected = Signal()
"""A file is rejected, and out of reach. Arguments: ``scan``, ``decision``."""

decision_undone = Signal()
"""A decision was taken back. Arguments: ``scan``, ``decision``, which is the undo, and ``undone``,
the decision that it takes back; None for a file that only went with another one."""

image_assessed = Signal()
"""Somebody asked what is in a file, in this process. Sent at once, whatever becomes of any
transaction, by a form and a save alike, and by rescans: for measuring, not for acting upon.

The sender is ``django_nsfw.scores.Assessment``. Arguments: ``assessment``; ``alias`` of the
detector; ``seconds`` that the answer took; ``recalled``, whether it was known from earlier.
"""

file_replaced = Signal()
"""The file under ``was`` is deleted, and objects name ``name`` now: a placeholder where a file was
taken down, the file where it was released. For who keeps copies of it, or knows things about it.

Arguments: ``field`` as ``"app_label.Model.field"``; ``using``, the database of its objects, and
``object_pks``, their keys as text; ``storage``, in which both names are; ``was``; ``name``. Where a
receiver raises, and where the process dies, the sweep sends it again, so it may come twice.
"""

sweeping = Signal()
"""``nsfw_sweep`` is under way: apps that derive something from files mend what did not follow them.
Argument: ``dry_run``. A receiver returns what it found, as ``Mended`` of ``django_nsfw.findings``;
what it raises is reported as a failure."""
