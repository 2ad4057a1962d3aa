"""Batch jobs that make models. Never part of a running house; needs the extra `train`."""
