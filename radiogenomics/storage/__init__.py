"""Atomic writes, the content-addressed feature cache, stored artefacts, predictions and models."""
