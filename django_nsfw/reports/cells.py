"""Cells of tables for spreadsheets."""

from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would calculate, and some fetch from elsewhere: see
https://owasp.org/www-community/attacks/CSV_Injection. The wide ones count where text is Japanese.
"""


def defused(value: Any) -> str:
    """Text of a cell that no spreadsheet calculates."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
