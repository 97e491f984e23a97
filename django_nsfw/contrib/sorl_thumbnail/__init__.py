"""sorl-thumbnail: with a file that is taken down go the thumbnails that were made of it."""
