"""Trains the judge on simulated stories: `python -m nightlatch.lab.judge.train`."""
