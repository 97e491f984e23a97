"""Measuring detectors on labelled pictures. No database: samples come from files or callers."""
