"""The label rules: each a named, versioned, cited object, so that a label can be defended."""

from __future__ import annotations

from typing import NamedTuple

from radiogenomics.cohort.label_settings import RULES


class RuleDescription(NamedTuple):
    """What a rule is. Its version changes whenever the same input could give another label."""

    name: str
    version: str
    says: str
    source: str


DESCRIPTIONS: dict[str, RuleDescription] = {
    rule.name: rule
    for rule in (
        RuleDescription(
            "column_codes",
            "1",
            "the code in a clinical column is one of the declared positive or negative ones; any other is missing",
            "the configuration",
        ),
        RuleDescription(
            "best_overall_response",
            "1",
            "best overall response: complete or partial response is positive, stable or progressive disease negative; NE is missing",
            "RECIST 1.1: Eisenhauer et al., Eur J Cancer 45:228-247 (2009)",
        ),
        RuleDescription(
            "number_at_least", "1", "a number of at least the declared one is positive, a smaller one negative", "the configuration"
        ),
        RuleDescription(
            "gene_altered",
            "1",
            "a non-synonymous variant of the gene is positive; negative only where the panel covers the gene",
            "the configuration",
        ),
        RuleDescription(
            "egfr_sensitising_variant",
            "2",
            "EGFR variants by class, of a cited table; wild type only where the panel covers EGFR",
            "Hendriks et al., Ann Oncol 34:339-357 (2023), and the sources in egfr_variants.csv",
        ),
        RuleDescription(
            "horizon",
            "1",
            "event-free at the horizon, or the event within it; censored before it is not evaluable",
            "durable clinical benefit: Rizvi et al., J Clin Oncol 36:633-641 (2018)",
        ),
        RuleDescription(
            "time_to_event", "1", "months from the index date to the event or to the end of observation", "the configuration"
        ),
    )
}  # fmt: skip
"""Rule name -> what it is."""

assert set(RULES) < set(DESCRIPTIONS)


def version(rule: str) -> str:
    """The version of a rule."""
    return DESCRIPTIONS[rule].version
