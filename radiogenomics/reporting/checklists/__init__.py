"""Reporting checklists, filled from what a run did and from what its authors declared."""
