"""What ``cohort.yaml`` may say about labels: the rules by which a patient is positive, negative or not known."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from radiogenomics.cohort.settings import Name, Settings

EgfrClass = Literal["sensitising", "exon_20_insertion", "resistance", "uncertain"]


class ColumnRule(Settings):
    """Label from a column's codes. Codes not listed make the label missing, with the code as the reason."""

    rule: Literal["column_codes"] = "column_codes"
    column: str
    table: str | None = None
    positive: tuple[str, ...] = Field(min_length=1)
    negative: tuple[str, ...] = Field(min_length=1)


class ResponseRule(Settings):
    """Label from the best overall response by RECIST 1.1; NE, not assessed and blank are missing."""

    rule: Literal["best_overall_response"]
    column: str
    table: str | None = None
    positive: tuple[str, ...] = Field(("CR", "PR"), min_length=1)
    negative: tuple[str, ...] = Field(("SD", "PD"), min_length=1)


class ThresholdRule(Settings):
    """Label from a number: positive from `at_least`, negative below; what is no number is missing."""

    rule: Literal["number_at_least"]
    column: str
    table: str | None = None
    at_least: float


class GeneRule(Settings):
    """Label from variants: positive where the gene carries a non-synonymous variant (or one of `changes`), negative
    where the panel covers the gene and none was found."""

    rule: Literal["gene_altered"]
    gene: str
    changes: tuple[str, ...] = Field((), description="protein changes that count, * allowed, e.g. 'p.G12*'; empty: all")
    other_changes: Literal["negative", "missing"] = Field(
        "missing", description="what another variant of the gene means"
    )


class SecondSource(Settings):
    """A clinical column that says the same, shown beside the label. A disagreement is never resolved: it is missing."""

    column: str
    table: str | None = None
    positive: tuple[str, ...] = Field(min_length=1)
    negative: tuple[str, ...] = Field(min_length=1)


class VariantRule(Settings):
    """EGFR status from variants: which classes of variant are positive is declared; wild type is negative only where
    the panel covers EGFR."""

    rule: Literal["egfr_sensitising_variant"]
    positive: tuple[EgfrClass, ...] = Field(("sensitising",), min_length=1)
    negative: tuple[EgfrClass, ...] = Field((), description="classes that count as negative; the others are missing")
    variants: str | None = Field(
        None, description="table position,reference,... that replaces the packaged table of variants"
    )
    compare: SecondSource | None = Field(None, description="a clinical column with EGFR status to compare with")

    @model_validator(mode="after")
    def _apart(self) -> VariantRule:
        both = set(self.positive) & set(self.negative)
        if both:
            raise ValueError(f"{sorted(both)} stand under both positive and negative")
        return self


class FollowUp(Settings):
    """Time from the index date to an event or to the end of observation: as a duration, or as dates."""

    table: str | None = None
    time: str | None = Field(None, description="column with the time to event or censoring")
    unit: Literal["days", "weeks", "months", "years"] = "months"
    event: str | None = Field(None, description="column that says whether the event happened")
    event_codes: tuple[str, ...] = Field(("1", "1:Progressed", "1:DECEASED", "1:Recurred/Progressed"), min_length=1)
    censored_codes: tuple[str, ...] = Field(
        ("0", "0:Not Progressed", "0:LIVING", "0:DiseaseFree", "0:CENSORED"), min_length=1
    )
    index_date: str | None = Field(None, description="column with the date from which time runs")
    event_date: str | None = Field(None, description="column with the date of the event; blank: it did not happen")
    last_date: str | None = Field(None, description="column with the date until which the patient was followed")
    date_format: str = "%Y-%m-%d"

    @model_validator(mode="after")
    def _one_way(self) -> FollowUp:
        durations, dates = (self.time, self.event), (self.index_date, self.event_date, self.last_date)
        if all(durations) and not any(dates):
            return self
        if all(dates) and not any(durations):
            return self
        raise ValueError("give `time` and `event`, or `index_date`, `event_date` and `last_date`")

    def columns(self) -> tuple[str, ...]:
        """All columns that time and event are read from."""
        named = (self.time, self.event, self.index_date, self.event_date, self.last_date)
        return tuple(column for column in named if column is not None)


class HorizonRule(FollowUp):
    """Label at a horizon. `positive: event_free` is durable clinical benefit (progression-free at six months);
    `positive: event` is recurrence or metastasis within the horizon. Censored before the horizon: not evaluable."""

    rule: Literal["horizon"]
    horizon_months: float = Field(6.0, gt=0)
    positive: Literal["event_free", "event"] = "event_free"
    compare: SecondSource | None = Field(None, description="a clinical column with the same label to compare with")


class TimeToEvent(FollowUp):
    """An endpoint with time and event (progression-free or overall survival), for survival models."""

    modalities: tuple[Name, ...] = Field(
        (),
        description="modalities whose features may predict it; none: times and events are listed, and no model is made",
    )
    exclude: tuple[str, ...] = Field((), description="features (modality:feature, * allowed) that may not")
    include: tuple[str, ...] = Field((), description="only these features of a modality (modality:feature, * allowed)")
    concerns: tuple[str, ...] = Field(
        (),
        description="inputs ('mutations:EGFR', 'clinical/main:BOR') that tell the outcome: what derives from them is refused",
    )
    final_model: str = Field(
        "late/cox_weighted", description="the model that the verdict is about; declared before any result"
    )
    horizons_months: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (6.0, 12.0),
        min_length=1,
        description="months after the index date at which the time-dependent AUC is given; predictions are of the event by the earliest",
    )
    risk_groups: int = Field(
        2,
        ge=2,
        le=4,
        description="groups of equal size in training, by predicted risk, whose Kaplan-Meier curves are shown",
    )
    description: str = ""


RULES = (
    "column_codes", "best_overall_response", "number_at_least", "gene_altered", "egfr_sensitising_variant", "horizon",
)  # fmt: skip


def rule_name(value: Any) -> str:
    """Which label rule is meant: `rule`, or column codes where it is left out."""
    return value.get("rule", "column_codes") if isinstance(value, dict) else getattr(value, "rule", "column_codes")


LabelRule = Annotated[
    Annotated[ColumnRule, Tag("column_codes")]
    | Annotated[ResponseRule, Tag("best_overall_response")]
    | Annotated[ThresholdRule, Tag("number_at_least")]
    | Annotated[GeneRule, Tag("gene_altered")]
    | Annotated[VariantRule, Tag("egfr_sensitising_variant")]
    | Annotated[HorizonRule, Tag("horizon")],
    Discriminator(rule_name),
]
