"""The method section says what was done and no more."""

from __future__ import annotations

from radiogenomics.reporting.method import method_in_words


def test_predictors_named_beforehand_are_told_with_direction_and_source() -> None:
    named = [
        {"feature": "clinical:pack_years", "direction": "negative", "source": "Shi et al. (2014)"},
        {"feature": "clinical:age", "direction": "unknown", "source": "Doe et al. (2010)"},
    ]
    text = "\n".join(method_in_words({"endpoint": {"prespecified": named}}, None).paragraphs)
    assert "clinical:pack_years (higher values make it less likely; Shi et al. (2014))" in text
    assert "clinical:age (direction learned; Doe et al. (2010))" in text
    assert "named beforehand" not in "\n".join(method_in_words({"endpoint": {"prespecified": []}}, None).paragraphs)
    assert "named beforehand" not in "\n".join(method_in_words({}, None).paragraphs)
