"""The pictures of the gallery as small copies."""
