"""What ``cohort.yaml`` may say: typed models that refuse unknown keys.

Every default stands here, beside its meaning and unit. Paths are strings as written in the file; ``Cohort.path``
resolves them. Reading and error messages are in :mod:`radiogenomics.cohort.loading`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PrivateAttr, Tag, model_validator

from radiogenomics.cohort.radiomic_settings import PRESET_KIND, RADIOMICS_BY_KIND, Radiomics, radiomics_of_kind

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""Names become asset keys, file names and column prefixes: lower case, digits, underscores."""


class Settings(BaseModel):
    """Base of all configuration values: immutable, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --------------------------------------------------------------------------------------------------------- tables
class Table(Settings):
    """One table on disk (CSV, TSV, Parquet; gzip allowed; ``#`` comment lines before the header are skipped)."""

    file: str = Field(description="path, relative to the cohort's root")
    patient_id: str = Field(description="name of the column that holds the patient's identifier")


class ClinicalTable(Table):
    """A clinical table: one row a patient, or one row a sample when ``one_row_per`` says so."""

    one_row_per: Literal["patient", "sample"] = "patient"
    sample_id: str | None = Field(
        None, description="column with the sample identifier, needed where one_row_per is sample"
    )


DEFAULT_MISSING = ("", "NA", "N/A", "NaN", "Unknown", "unknown", "Not Collected", "Not collected", "Not Assessed")


class Variable(Settings):
    """One clinical variable, from one column."""

    column: str
    table: str | None = Field(None, description="name of the clinical table; may be left out where there is only one")
    type: Literal["number", "category", "ordered"]
    unit: str = ""
    categories: tuple[str, ...] = Field((), description="declared values; the order counts for type 'ordered'")
    minimum: float | None = None
    maximum: float | None = None
    scale: float = Field(1.0, description="factor from the column's unit to `unit` (0.45359237 for lbs to kg)")
    missing: tuple[str, ...] = Field((), description="codes for missing, beside the cohort's")
    codes: dict[str, float] = Field(
        default_factory=dict,
        description="texts of a number column that stand for a number (in the column's unit), e.g. '>89': 90",
    )
    recorded: Literal["baseline", "follow_up"] = Field(
        "baseline", description="follow_up: known only after the index date; refused as a predictor"
    )
    description: str = ""

    @model_validator(mode="after")
    def _categories_declared(self) -> Variable:
        if self.type != "number" and len(self.categories) < 2:
            raise ValueError(f"type '{self.type}' needs `categories` with at least two values")
        return self


class Clinical(Settings):
    tables: dict[Name, ClinicalTable] = Field(min_length=1)
    variables: dict[Name, Variable] = Field(default_factory=dict)
    missing: tuple[str, ...] = Field(DEFAULT_MISSING, description="codes that mean 'not known' in every column")


# --------------------------------------------------------------------------------------------------------- omics
class SampleMap(Settings):
    """How a sample barcode leads to a patient: a table, or a pattern whose first group is the patient."""

    table: str | None = Field(None, description="name of a clinical table with one_row_per: sample")
    pattern: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> SampleMap:
        if (self.table is None) == (self.pattern is None):
            raise ValueError("give either `table` or `pattern`")
        return self


class Mutations(Settings):
    """Somatic variants (MAF) with the gene panel of each sample."""

    maf: str
    samples: SampleMap | None = Field(None, description="left out: Tumor_Sample_Barcode is the patient identifier")
    panel_matrix: str | None = Field(None, description="table SAMPLE_ID -> panel name (column `mutations`)")
    panels: str | None = Field(
        None, description="table panel,gene of what each panel covers; left out: all the MAF's genes"
    )
    panel_size_mb: dict[str, float] = Field(
        default_factory=dict, description="coding size per panel in megabases, for TMB"
    )
    genes: tuple[str, ...] = Field((), description="genes to make features of; empty: every gene altered in the cohort")
    minimum_altered: int = Field(
        3, ge=1, description="genes altered in fewer patients get no feature (a count that does not look at any label)"
    )


class Expression(Settings):
    """Gene expression, genes x samples, first column the gene symbol; or ``.h5ad``."""

    file: str
    scale: Literal["counts", "tpm", "log", "z_score"]
    samples: SampleMap | None = None


class ImagingTable(Table):
    """Ready-made imaging features (radiomics or embeddings), one row a patient or a lesion."""

    lesion_id: str | None = None
    include: tuple[str, ...] = Field((), description="glob patterns of feature columns; empty: all numeric ones")
    exclude: tuple[str, ...] = ()
    volume: str | None = Field(
        None, description="the column that is lesion volume in mm3, for aggregation and the volume floor"
    )
    aggregate: Literal["largest", "mean", "volume_weighted"] = "largest"
    description: str = ""


# --------------------------------------------------------------------------------------------------------- images
class Images(Settings):
    """One kind of image of the cohort with its ROIs, found through a table or through a path pattern."""

    kind: Literal["CT", "PT", "MR"] = Field(description="CT in HU, PT in SUV, MR in arbitrary units")
    lesions: str | None = Field(
        None, description="table patient_id, study_id, lesion_id, image, mask[, roi]: paths relative to the table"
    )
    image: str | None = Field(None, description="pattern with {patient_id}, e.g. nifti/{patient_id}/CT_image.nii.gz")
    mask: str | None = None
    radiomics: Radiomics | None = Field(
        default_factory=Radiomics, description="null: none; what is left out is by kind, see RADIOMICS_BY_KIND"
    )
    embedding: bool = Field(True, description="CNN embedding by the packaged encoder")
    aggregate: Literal["largest", "mean", "volume_weighted"] = "largest"

    @model_validator(mode="before")
    @classmethod
    def _radiomics_of_kind(cls, data: Any) -> Any:
        """Fill in what `radiomics` leaves out by the kind of image; `radiomics: null` stays none."""
        if not isinstance(data, dict) or data.get("kind") not in RADIOMICS_BY_KIND:
            return data
        given = data.get("radiomics", {})
        if not isinstance(given, dict):
            return data
        return {**data, "radiomics": radiomics_of_kind(given, data["kind"])}

    @model_validator(mode="after")
    def _one_way(self) -> Images:
        if (self.lesions is None) == (self.image is None) or (self.image is None) != (self.mask is None):
            raise ValueError("give either `lesions`, or both `image` and `mask`")
        preset = self.radiomics.preset if self.radiomics is not None else None
        if preset in PRESET_KIND and PRESET_KIND[preset] != self.kind:
            raise ValueError(
                f"radiomics.preset: '{preset}' is for kind {PRESET_KIND[preset]}, these images are {self.kind}"
            )
        return self


# --------------------------------------------------------------------------------------------------------- endpoints
class ColumnRule(Settings):
    """Label from a column's codes. Codes not listed make the label missing, with the code as the reason."""

    rule: Literal["column_codes"] = "column_codes"
    column: str
    table: str | None = None
    positive: tuple[str, ...] = Field(min_length=1)
    negative: tuple[str, ...] = Field(min_length=1)


class VariantRule(Settings):
    """Label from variants: positive with a sensitising EGFR variant, negative only where the panel covers EGFR."""

    rule: Literal["egfr_sensitising_variant"]


def _rule_name(value: Any) -> str:
    """Which label rule is meant: `rule`, or column codes where it is left out."""
    return value.get("rule", "column_codes") if isinstance(value, dict) else getattr(value, "rule", "column_codes")


class Endpoint(Settings):
    label: Annotated[
        Annotated[ColumnRule, Tag("column_codes")] | Annotated[VariantRule, Tag("egfr_sensitising_variant")],
        Discriminator(_rule_name),
    ]
    modalities: tuple[Name, ...] = Field(min_length=1, description="modalities whose features may predict it")
    exclude: tuple[str, ...] = Field((), description="features (modality:feature, * allowed) that may not")
    include: tuple[str, ...] = Field((), description="only these features of a modality (modality:feature, * allowed)")
    concerns: tuple[str, ...] = Field(
        (),
        description="inputs ('mutations:EGFR', 'clinical/main:KRAS') that tell the label although it is not made from them: "
        "features derived from them are refused",
    )
    final_model: str = Field(
        "late/weighted", description="the model that is stored and explained; declared before any result"
    )
    description: str = ""


class Confounder(Settings):
    """What is known of a patient that is not biology: the floor any model must beat."""

    source: str = Field(
        description="clinical, clinical/<table>, acquisition/<image name>, or modality:feature for a number"
    )
    columns: tuple[str, ...] = Field((), description="columns of the source; left out for modality:feature")


# --------------------------------------------------------------------------------------------------------- learning, compute
class Resampling(Settings):
    outer_folds: int = Field(5, ge=2)
    inner_folds: int = Field(3, ge=2)
    repeats: int = Field(5, ge=1)
    random_state: int = 20260101
    group: str = Field("patient_id", description="what never straddles folds")


class Models(Settings):
    """Which estimators are compared. The names are those of `radiogenomics.fusion.ALGORITHMS`."""

    unimodal: tuple[str, ...] = ("elastic_net", "xgboost")
    fusion: tuple[str, ...] = ("early/elastic_net", "early/xgboost", "late/mean", "late/weighted")
    clinical_baseline: str = Field("clinical", description="the modality that is the clinic's own")


class Compute(Settings):
    workers: int = Field(2, ge=1, description="local processes")
    scheduler: str | None = Field(None, description="address of a Dask scheduler; given, work goes there")


# --------------------------------------------------------------------------------------------------------- the cohort
class Cohort(Settings):
    """One cohort as declared in its ``cohort.yaml``."""

    version: Literal[1] = 1
    name: Name
    title: str = ""
    simulated: bool = Field(False, description="data are simulated; shown in the data, the UI and every report")
    root: str = Field(".", description="folder that all paths are relative to; itself relative to this file")
    clinical: Clinical
    images: dict[Name, Images] = Field(default_factory=dict)
    imaging_tables: dict[Name, ImagingTable] = Field(default_factory=dict)
    mutations: Mutations | None = None
    expression: Expression | None = None
    endpoints: dict[Name, Endpoint] = Field(default_factory=dict)
    confounders: dict[Name, Confounder] = Field(default_factory=dict)
    resampling: Resampling = Resampling()
    models: Models = Models()
    compute: Compute = Compute()
    source_url: str = Field("", description="where the public gets these data")
    licence: str = Field("", description="licence and citation of the data")

    _file: Path = PrivateAttr(default=Path("cohort.yaml"))

    @property
    def file(self) -> Path:
        """The ``cohort.yaml`` this was read from."""
        return self._file

    def path(self, relative: str) -> Path:
        """A declared path, resolved against `root`, itself against the folder of the file."""
        return (self._file.parent / self.root / relative).resolve()

    def modalities(self) -> dict[str, str]:
        """Every feature modality this cohort can offer -> where it comes from, in the order of the graph."""
        found: dict[str, str] = {}
        for image_name, image in self.images.items():
            if image.radiomics is not None:
                found[f"radiomics_{image_name}"] = f"images.{image_name}"
            if image.embedding:
                found[f"embedding_{image_name}"] = f"images.{image_name}"
            found[f"volumetrics_{image_name}"] = f"images.{image_name}"
        for table_name in self.imaging_tables:
            found[table_name] = f"imaging_tables.{table_name}"
        if self.mutations is not None:
            found["mutations"] = "mutations"
        if self.expression is not None:
            found["expression"] = "expression"
        if self.clinical.variables:
            found["clinical"] = "clinical.variables"
        return found

    def clinical_table(self, name: str | None) -> str:
        """The clinical table that `name` means: itself, or the only one there is where `name` is None."""
        if name is not None:
            return name
        return next(iter(self.clinical.tables))

    @model_validator(mode="after")
    def _references(self) -> Cohort:
        known = self.modalities()
        tables = self.clinical.tables

        def table_exists(name: str | None, where: str) -> None:
            if name is None and len(tables) > 1:
                raise ValueError(f"{where}: say which `table` is meant, one of {sorted(tables)}")
            if name is not None and name not in tables:
                raise ValueError(
                    f"{where}: table '{name}' is not declared under clinical.tables, which has {sorted(tables)}"
                )

        for name, variable in self.clinical.variables.items():
            table_exists(variable.table, f"clinical.variables.{name}")
        for source in ("mutations", "expression"):
            value = getattr(self, source)
            if value is not None and value.samples is not None and value.samples.table is not None:
                table_exists(value.samples.table, f"{source}.samples")
        for name, table in tables.items():
            if table.one_row_per == "sample" and table.sample_id is None:
                raise ValueError(f"clinical.tables.{name}: one_row_per: sample needs `sample_id`")
        for name, endpoint in self.endpoints.items():
            unknown = [m for m in endpoint.modalities if m not in known]
            if unknown:
                raise ValueError(
                    f"endpoints.{name}.modalities: {unknown} not among this cohort's modalities {sorted(known)}"
                )
            if isinstance(endpoint.label, ColumnRule):
                table_exists(endpoint.label.table, f"endpoints.{name}.label")
                both = set(endpoint.label.positive) & set(endpoint.label.negative)
                if both:
                    raise ValueError(f"endpoints.{name}.label: {sorted(both)} stand under both positive and negative")
            elif self.mutations is None:
                raise ValueError(
                    f"endpoints.{name}.label: rule '{endpoint.label.rule}' needs `mutations`, which is not declared"
                )
        clash = set(self.imaging_tables) & {"clinical", "mutations", "expression", "floor", "early", "late"}
        if clash:
            raise ValueError(f"imaging_tables: {sorted(clash)} are names of other modalities; choose others")
        return self
