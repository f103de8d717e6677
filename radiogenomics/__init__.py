"""Radiogenomics: from tumour images and molecular tables to predictions that can be defended."""
