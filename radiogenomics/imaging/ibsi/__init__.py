"""Radiomic features as the Image Biomarker Standardisation Initiative defines them (IBSI-1).

Zwanenburg et al., Radiology 2020;295:328; reference manual arXiv:1612.07003. Features are named by the tags of IBSI's own
reference tables (``stat_mean``, ``cm_contrast_3D_avg``).
"""
