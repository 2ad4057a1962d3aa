"""Marks that name the view: one that everybody sees, and one that survives when the first is cut away."""
