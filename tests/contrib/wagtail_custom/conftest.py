from tests.contrib.wagtail.conftest import cms, collected, editor, pytest_configure, root

__all__ = ["cms", "collected", "editor", "pytest_configure", "root"]
