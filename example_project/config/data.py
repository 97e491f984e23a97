"""Where this site keeps its data, and the secrets that it makes for itself."""

import os
import secrets
from pathlib import Path

DATA_DIR = Path(
    os.environ.get("EXAMPLE_DATA_DIR") or Path(__file__).resolve().parent.parent / "data"
)


def kept_secret(name: str, *, length: int = 48) -> str:
    """A random secret of ``length`` bytes: made at first use, then read from its file."""
    path = DATA_DIR / name
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    secret = secrets.token_urlsafe(length)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)
    return secret
