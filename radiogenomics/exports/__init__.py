"""Predictions and figures in the forms that other people's tools read."""

from radiogenomics.exports.predictions import FORMATS, export_predictions

__all__ = ["FORMATS", "export_predictions"]
