"""Soak: everything is taken and given back, very many times, and nothing must be left of it."""
