"""Draft contours from a box or a diameter, their own quality control, and how far they are from drawn ones."""
