"""Hanse beside the systems it is measured against."""
