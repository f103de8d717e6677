"""The evaluation, evaluated: simulated cohorts whose true figures are known. Loaded when asked for."""
