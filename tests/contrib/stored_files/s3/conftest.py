from tests.s3.conftest import s3

__all__ = ["s3"]
