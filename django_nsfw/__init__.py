"""Image moderation for Django: every upload is classified once, then shown or held."""

__version__ = "0.1.0"
