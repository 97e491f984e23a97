"""What a policy makes of an assessment."""

from enum import StrEnum


class Verdict(StrEnum):
    ALLOW = "allow"
    REVIEW = "review"
    REJECT = "reject"
    UNKNOWN = "unknown"
