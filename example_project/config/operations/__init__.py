"""What an operator sees of the gallery, where ``NSFW_HOSTS`` has ``operations``."""
