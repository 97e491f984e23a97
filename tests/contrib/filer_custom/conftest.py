from tests.contrib.filer.conftest import kept, private

__all__ = ["kept", "private"]
