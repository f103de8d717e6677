"""Convolutional image filters as the Image Biomarker Standardisation Initiative defines them (IBSI-2, arXiv:2006.05470).

Every filter takes a float array (z, y, x) and gives a response map of the same shape. Filters in two dimensions work slice by
slice (y, x). Boundaries are called as IBSI calls them: ``zero``, ``nearest``, ``periodic``, ``mirror`` (the edge value is repeated).
"""
