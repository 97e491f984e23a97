"""Manifests: what a cluster is to score, as files, and the scores that come back.

``columns``, ``files``, ``fetching`` and ``scoring`` run on the cluster as well, where there is no
database; ``exporting`` and ``importing`` are the site's own.
"""
