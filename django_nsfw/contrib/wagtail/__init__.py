"""At home in Wagtail: its forms, its renditions and its admin know what is held."""
