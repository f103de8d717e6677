"""Atomic writes, the content-addressed feature cache, stored artefacts, predictions and models."""

from radiogenomics.storage.artefacts import ArtefactStore, Record
from radiogenomics.storage.atomic import file_digest, write_atomically, write_text
from radiogenomics.storage.home import Home
from radiogenomics.storage.predictions import PredictionStore

__all__ = ["ArtefactStore", "Home", "PredictionStore", "Record", "file_digest", "write_atomically", "write_text"]
