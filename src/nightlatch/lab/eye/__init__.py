"""Trains the built-in eye: `make eye`. Read in order: data, model, train."""
