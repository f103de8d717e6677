"""Lesions over several studies: measured with their error, matched, compared, and named by response criteria."""
