"""A second detector scores a share of the uploads without deciding, and is compared with the one
that does."""
