"""The gallery as an API, where ``NSFW_HOSTS`` has ``rest``."""
