"""django CMS: pages that it keeps rendered do not go on naming files that are gone."""
