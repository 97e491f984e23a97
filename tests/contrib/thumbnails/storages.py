from django.core.files.storage import InMemoryStorage


class Elsewhere(InMemoryStorage):
    """A storage without local paths, as an object store is."""

    deletes = True

    def delete(self, name):
        if not self.deletes:
            raise OSError("no answer")
        super().delete(name)
