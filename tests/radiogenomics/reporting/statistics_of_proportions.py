"""Published intervals of proportions."""

WILSON = [
    # Newcombe, Statistics in Medicine 1998;17:857-872, table I, method 3 (score, no continuity correction)
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]
