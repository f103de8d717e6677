"""Lesions as they would look drawn, positioned or scanned otherwise, and what that does to their features."""
