"""One package a host: each imports that host, and is imported by nothing else here."""
