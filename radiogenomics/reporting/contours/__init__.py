"""A page for the browser on which a person looks at a draft contour, edits it, and accepts or rejects it."""
