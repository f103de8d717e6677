"""What changes once a model is in use. Loaded when asked for."""
