from tests.reports.conftest import (  # noqa: F401 - fixtures
    days_of_utc,
    known_rejected,
    nothing_counted_before,
    person,
    root,
)
