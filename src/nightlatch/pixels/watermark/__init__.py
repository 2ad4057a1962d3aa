"""Marks that name the view: one that everybody sees, one that survives when it is cut away."""
