"""Exact derivatives of the Python and NumPy code you already have."""
