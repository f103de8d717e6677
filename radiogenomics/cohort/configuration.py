"""What ``cohort.yaml`` may say: typed models that refuse unknown keys.

Every default stands here, beside its meaning and unit. Paths are strings as written in the file; ``Cohort.path``
resolves them. Reading and error messages are in :mod:`radiogenomics.cohort.loading`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from radiogenomics.cohort.draft_settings import DraftContours
from radiogenomics.cohort.encoder_settings import VOXELS, EncoderFile, Network, Patches
from radiogenomics.cohort.explanation_settings import Explanations, Statements
from radiogenomics.cohort.follow_up_settings import LesionFollowUp
from radiogenomics.cohort.label_settings import (
    ColumnRule,
    GeneRule,
    HorizonRule,
    LabelRule,
    ResponseRule,
    SecondSource,
    ThresholdRule,
    TimeToEvent,
    VariantRule,
)
from radiogenomics.cohort.model_use import Prediction
from radiogenomics.cohort.omics_settings import Expression, Mutations, OmicsTable, SampleMap
from radiogenomics.cohort.prediction_settings import PredictionSettings
from radiogenomics.cohort.quality_rules import Quality
from radiogenomics.cohort.radiomic_settings import PRESET_KIND, RADIOMICS_BY_KIND, Radiomics, radiomics_of_kind
from radiogenomics.cohort.robustness_settings import Robustness
from radiogenomics.cohort.settings import Name, Settings

__all__ = [
    "Clinical",
    "ClinicalTable",
    "Cohort",
    "ColumnRule",
    "Compute",
    "Confounder",
    "EncoderFile",
    "Endpoint",
    "Explanations",
    "Expression",
    "GeneRule",
    "HorizonRule",
    "Images",
    "ImagingTable",
    "Models",
    "Mutations",
    "Name",
    "Network",
    "OmicsTable",
    "Patches",
    "Radiomics",
    "Resampling",
    "ResponseRule",
    "SampleMap",
    "Settings",
    "Statements",
    "Table",
    "ThresholdRule",
    "TimeToEvent",
    "Variable",
    "VariantRule",
]  # fmt: skip


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


DEFAULT_MISSING = (
    "", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", ".", "-", "?", "Unknown", "unknown", "UNKNOWN", "Not Collected",
    "Not collected", "Not Assessed", "Not assessed", "Not Available", "Not available", "[Not Available]", "Missing", "missing",
)  # fmt: skip


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
    recode: dict[str, str] = Field(
        default_factory=dict,
        description="texts of the column that stand for a declared category, e.g. F: Female",
    )
    codes: dict[str, float] = Field(
        default_factory=dict,
        description="texts of a number column that stand for a number (in the column's unit), e.g. '>89': 90",
    )
    recorded: Literal["baseline", "follow_up"] = Field(
        "baseline", description="follow_up: known only after the index date; refused as a predictor"
    )
    recorded_on: str | None = Field(
        None, description="column with the date of the value; one after clinical.index_date counts as missing"
    )
    column_unit: str = Field(
        "", description="unit in the file, where it is not `unit`: 'lbs' becomes 'kg' (see clinical/units)"
    )
    text_numbers: Literal["refuse", "bound", "midpoint"] = Field(
        "refuse",
        description="what '>70', '1-49' and '12 %' mean in a number column: set aside; the bound (70; the middle of a range); "
        "only ranges and per cent, as the middle",
    )
    description: str = ""

    @model_validator(mode="after")
    def _categories_declared(self) -> Variable:
        if self.column_unit and self.scale != 1.0:
            raise ValueError("give either `column_unit` or `scale`")
        if self.type != "number" and len(self.categories) < 2:
            raise ValueError(f"type '{self.type}' needs `categories` with at least two values")
        strange = sorted(set(self.recode.values()) - set(self.categories))
        if strange:
            raise ValueError(f"recode: {strange} not among the declared categories {list(self.categories)}")
        return self


class IndexDate(Settings):
    """The date from which a patient is observed: start of treatment, diagnosis, surgery."""

    table: str | None = None
    column: str
    format: str = Field("%Y-%m-%d", description="how dates are written, as for strptime")


class Clinical(Settings):
    index_date: IndexDate | None = Field(
        None, description="column with the index date; what is dated after it predicts nothing"
    )
    tables: dict[Name, ClinicalTable] = Field(min_length=1)
    variables: dict[Name, Variable] = Field(default_factory=dict)
    missing: tuple[str, ...] = Field(DEFAULT_MISSING, description="codes that mean 'not known' in every column")


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
class PatientMap(Table):
    """Table that says which patient a PatientID of DICOM files is (`patient_id` names the cohort's own column)."""

    dicom_id: str = Field(description="name of the column that holds the PatientID as it stands in the DICOM files")


class DicomTree(Settings):
    """A folder of DICOM files in any order, as a PACS exports it; lesions are found by the names of their ROIs."""

    folder: str = Field(description="path, relative to the cohort's root; searched with all its subfolders")
    roi: str = Field(description="pattern of ROI names (RTSTRUCT) or segment labels (SEG), e.g. GTV*; case counts not")
    patients: PatientMap | None = Field(None, description="left out: PatientID is the patient identifier")


class Images(Settings):
    """One kind of image of the cohort with its ROIs, found through a table, a path pattern, or in a DICOM tree."""

    kind: Literal["CT", "PT", "MR"] = Field(description="CT in HU, PT in SUV, MR in arbitrary units")
    lesions: str | None = Field(
        None,
        description="table patient_id, study_id, lesion_id, image, mask[, roi]: paths relative to the table; a box instead of a "
        "mask: see `draft_contours` and cohort/prompts",
    )
    image: str | None = Field(None, description="pattern with {patient_id}, e.g. nifti/{patient_id}/CT_image.nii.gz")
    mask: str | None = None
    dicom: DicomTree | None = Field(None, description="find series and ROIs in a folder of DICOM files")
    radiomics: Radiomics | None = Field(
        default_factory=Radiomics, description="null: none; what is left out is by kind, see RADIOMICS_BY_KIND"
    )
    embedding: bool | EncoderFile = Field(
        True, description="CNN embedding: true by the packaged encoder, false none, {manifest: ...} by one of your own"
    )
    patches: Patches | None = Field(
        None, description="boxes of voxels for a network trained on this cohort inside each fold; null: none"
    )
    quality: Quality = Field(default_factory=Quality, description="what quality control looks for, and what follows")
    aggregate: Literal["largest", "mean", "volume_weighted"] = "largest"
    robustness: Robustness | None = Field(
        None, description="perturb some lesions, and leave out of the models what does not survive it"
    )
    follow_up: LesionFollowUp | None = Field(
        None, description="what changes over several studies of a patient; needs dates (column study_date, or DICOM)"
    )
    draft_contours: DraftContours = Field(
        default_factory=DraftContours,
        description="lesions with a box or a diameter but no contour; a word alone is `use`",
    )

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
        ways = sum(way is not None for way in (self.lesions, self.image, self.dicom))
        if ways != 1 or (self.image is None) != (self.mask is None):
            raise ValueError("give either `lesions`, or both `image` and `mask`, or `dicom`")
        if self.draft_contours.use != "refuse" and self.kind == "MR":
            raise ValueError("draft_contours: there is no method for MR, whose values have no common scale; say refuse")
        preset = self.radiomics.preset if self.radiomics is not None else None
        if preset in PRESET_KIND and PRESET_KIND[preset] != self.kind:
            raise ValueError(
                f"radiomics.preset: '{preset}' is for kind {PRESET_KIND[preset]}, these images are {self.kind}"
            )
        if self.robustness is not None and self.robustness.acquisition is not None and self.kind != "CT":
            raise ValueError(f"robustness.acquisition: is about CT, these images are {self.kind}")
        follow_up = self.follow_up
        if follow_up is not None and self.image is not None:
            raise ValueError("follow_up: a path pattern knows one study a patient; give `lesions` or `dicom`")
        if follow_up is not None and follow_up.match == "label" and self.lesions is None:
            raise ValueError("follow_up.match: 'label' needs a `lesions` table; say `match: nearest`")
        if follow_up is not None and follow_up.delta is not None and follow_up.delta.radiomics and not self.radiomics:
            raise ValueError("follow_up.delta.radiomics: there is no `radiomics` to take differences of")
        return self


# --------------------------------------------------------------------------------------------------------- endpoints
class PrespecifiedPredictor(Settings):
    """A predictor that was named before the data were looked at, and why."""

    feature: str = Field(pattern=r"^[^:\s]+:\S.*$", description="modality:feature")
    direction: Literal["positive", "negative", "unknown"] = Field(
        "unknown",
        description="higher values make the event likelier, or less likely; imposed on the model; unknown: learned",
    )
    source: str = Field(min_length=1, description="the publication that says so, of other patients")

    @property
    def modality(self) -> str:
        """The modality that the feature is of."""
        return self.feature.split(":", 1)[0]


class Endpoint(Settings):
    label: LabelRule
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
    prespecified: tuple[PrespecifiedPredictor, ...] = Field(
        (),
        description="predictors that earlier studies support: they alone make the model early/prespecified, which every "
        "other model stands beside",
    )
    landmark_days: int | None = Field(
        None,
        ge=1,
        description="predict from so many days after the index date: follow-up until then may predict, and patients whose "
        "outcome was known by then leave (rule horizon), or the label is of the tumour's genes",
    )
    description: str = ""

    @model_validator(mode="after")
    def _prespecified_once_and_of_its_modalities(self) -> Endpoint:
        seen: set[str] = set()
        for predictor in self.prespecified:
            if predictor.modality not in self.modalities:
                raise ValueError(
                    f"prespecified: '{predictor.feature}' is of no modality of the endpoint; it has {list(self.modalities)}"
                )
            if predictor.feature in seen:
                raise ValueError(f"prespecified: '{predictor.feature}' is named twice")
            seen.add(predictor.feature)
        return self


class Confounder(Settings):
    """What is known of a patient that is not biology: the floor any model must beat."""

    source: str = Field(
        description="clinical, clinical/<table>, acquisition/<image name>, or modality:feature for a number"
    )
    columns: tuple[str, ...] = Field((), description="columns of the source; left out for modality:feature")
    endpoints: tuple[Name, ...] = Field(
        (), description="the endpoints, survival ones too, that it is a floor of; empty: all"
    )


# --------------------------------------------------------------------------------------------------------- learning, compute
class Resampling(Settings):
    outer_folds: int = Field(5, ge=2)
    inner_folds: int = Field(3, ge=2)
    repeats: int = Field(5, ge=1)
    random_state: int = 20260101
    group: str = Field(
        "patient_id",
        description="what never straddles outer folds: the patient, or <confounder>:<column> (a family, a referring hospital)",
    )


class Harmonisation(Settings):
    """ComBat by site, learned inside every training fold."""

    site: Name = Field(description="the confounder whose columns name the site (scanner, hospital)")
    modalities: tuple[Name, ...] = Field(min_length=1, description="modalities that are harmonised")
    covariates: tuple[str, ...] = Field(
        (), description="predictors (modality:feature) whose differences between sites are biology, and kept"
    )
    unseen: Literal["refuse", "reference", "unharmonised"] = Field(
        "refuse",
        description="a patient of a site not seen in training: these modalities count as absent; values are taken to be on "
        "the reference site's scale; values stay as they are and the patient is flagged",
    )
    reference: str | None = Field(
        None, description="the site on whose scale all others are brought; null: the pooled scale"
    )

    @model_validator(mode="after")
    def _reference_named(self) -> Harmonisation:
        if self.unseen == "reference" and self.reference is None:
            raise ValueError("`unseen: reference` needs `reference`, the name of a site")
        return self


class Models(Settings):
    """Which estimators are compared. The names are those of `radiogenomics.fusion.ALGORITHMS`."""

    unimodal: tuple[str, ...] = ("elastic_net", "xgboost")
    fusion: tuple[str, ...] = ("early/elastic_net", "early/xgboost", "late/mean", "late/weighted", "late/stacked")
    clinical_baseline: str = Field("clinical", description="the modality that is the clinic's own")
    harmonisation: Harmonisation | None = Field(None, description="null: features are used as they are")
    network: Network = Field(default_factory=Network, description="how the network over boxes of voxels is trained")
    prespecified: tuple[PrespecifiedPredictor, ...] = Field(
        (), description="not declared here: those of the endpoint at hand, see `Cohort.models_of`"
    )


class Subgroup(Settings):
    """Groups of patients whose figures are shown apart: a clinical variable, a predictor column or a confounder column."""

    source: str = Field(
        description="clinical:<variable>, <modality>:<feature> of a number, or <confounder>:<column>; the first that exists"
    )
    cuts: tuple[float, ...] = Field(
        (), description="where a number is cut into bands, in its unit; each band [from, to)"
    )


class LockedTest(Settings):
    """Patients set aside before anything is fitted; every look at them is written to a ledger."""

    share: float = Field(0.25, gt=0, lt=0.8, description="share of the labelled patients, within each class")


class Scrutiny(Settings):
    """What is asked of a model beyond its AUC. What costs many fits is off until it is declared."""

    thresholds: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (0.1, 0.2, 0.3, 0.5), description="probabilities at or above which one would act"
    )
    target_sensitivity: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (0.9,), description="shares of events that must be found; the threshold is learned on the other folds"
    )
    site: str | None = Field(
        None, description="<confounder>:<column> that names the hospital; given, leave-one-site-out stands beside"
    )
    subgroups: dict[Name, Subgroup] = Field(
        default_factory=dict, description="beside the pattern of modalities and every confounder that is a category"
    )
    minimum_patients: int = Field(20, ge=2, description="a subgroup with fewer is counted, and its figures suppressed")
    minimum_events: int = Field(5, ge=1, description="the same for its events, and for its patients without one")
    permutations: int = Field(0, ge=0, description="how often labels are permuted and the whole pipeline is run again")
    modality_shuffles: int = Field(0, ge=0, description="how often each modality is dealt out anew among its patients")
    null_repeats: int = Field(
        1, ge=1, description="repeats of the folds in each such run, and in what it is held against"
    )
    learning_curve: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (), description="shares of the training patients to train on, beside all of them"
    )
    locked_test: LockedTest | None = None


class Compute(Settings):
    workers: int = Field(2, ge=1, description="local processes")
    scheduler: str | None = Field(
        None,
        description="address of a Dask scheduler (tcp://host:8786), or file:/path of its scheduler file; given, work goes there",
    )
    cache_limit_mb: int = Field(
        2048, ge=1, description="size of the cache of features per lesion; what is unused for longest is removed"
    )


# --------------------------------------------------------------------------------------------------------- the cohort
class Cohort(Settings):
    """One cohort as declared in its ``cohort.yaml``."""

    version: Literal[1] = 1
    name: Name
    title: str = ""
    simulated: bool = Field(False, description="data are simulated; shown in the data, the UI and every report")
    root: str = Field(".", description="folder that all paths are relative to; itself relative to this file")
    study: str = Field(
        "", description="a cBioPortal study folder: its meta_*.txt declare clinical.tables, mutations and expression"
    )
    clinical: Clinical
    images: dict[Name, Images] = Field(default_factory=dict)
    imaging_tables: dict[Name, ImagingTable] = Field(default_factory=dict)
    mutations: Mutations | None = None
    expression: Expression | None = None
    omics: dict[Name, OmicsTable] = Field(
        default_factory=dict, description="further tables of molecules by samples, each its own modality"
    )
    survival: dict[Name, TimeToEvent] = Field(
        default_factory=dict,
        description="endpoints with time and event, in months; those that name modalities get survival models",
    )
    endpoints: dict[Name, Endpoint] = Field(default_factory=dict)
    confounders: dict[Name, Confounder] = Field(default_factory=dict)
    resampling: Resampling = Resampling()
    models: Models = Models()
    evaluation: Scrutiny = Scrutiny()
    prediction: Prediction = Prediction()
    explanations: Explanations = Explanations()
    statements: Statements = Statements()
    predictions: PredictionSettings = PredictionSettings()
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

    def models_of(self, endpoint: str) -> Models:
        """The section `models` with what the endpoint adds to it: its prespecified predictors."""
        return self.models.model_copy(update={"prespecified": self.endpoints[endpoint].prespecified})

    def modalities(self) -> dict[str, str]:
        """Every feature modality this cohort can offer -> where it comes from, in the order of the graph."""
        found: dict[str, str] = {}
        for image_name, image in self.images.items():
            if image.radiomics is not None:
                found[f"radiomics_{image_name}"] = f"images.{image_name}"
            if image.embedding:
                found[f"embedding_{image_name}"] = f"images.{image_name}"
            if image.patches is not None:
                found[f"{VOXELS}_{image_name}"] = f"images.{image_name}"
            found[f"volumetrics_{image_name}"] = f"images.{image_name}"
            if image.follow_up is not None and image.follow_up.delta is not None:
                found[f"delta_{image_name}"] = f"images.{image_name}.follow_up.delta"
        for table_name in self.imaging_tables:
            found[table_name] = f"imaging_tables.{table_name}"
        if self.mutations is not None:
            found["mutations"] = "mutations"
        if self.expression is not None:
            found["expression"] = "expression"
        for table_name in self.omics:
            found[table_name] = f"omics.{table_name}"
        if self.clinical.variables:
            found["clinical"] = "clinical.variables"
        return found

    def survival_endpoints(self) -> list[str]:
        """Those under `survival` that name modalities, and so get models."""
        return [name for name, declared in self.survival.items() if declared.modalities]

    def omics_tables(self) -> dict[str, tuple[str, OmicsTable]]:
        """Every table of molecules by samples: source name -> its key in the file and its declaration."""
        found: dict[str, tuple[str, OmicsTable]] = {}
        if self.expression is not None:
            found["expression"] = ("expression", self.expression)
        for name, table in self.omics.items():
            found[f"omics/{name}"] = (f"omics.{name}", table)
        return found

    def clinical_table(self, name: str | None) -> str:
        """The clinical table that `name` means: itself, or the only one there is where `name` is None."""
        if name is not None:
            return name
        return next(iter(self.clinical.tables))

    @model_validator(mode="after")
    def _references(self) -> Cohort:
        if self.models.prespecified:
            raise ValueError(
                "models.prespecified: predictors are named for an endpoint, under endpoints.<name>.prespecified"
            )
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
            if variable.recorded_on is not None and self.clinical.index_date is None:
                raise ValueError(f"clinical.variables.{name}: recorded_on needs `clinical.index_date`")
        if self.clinical.index_date is not None:
            table_exists(self.clinical.index_date.table, "clinical.index_date")
        sources: dict[str, Mutations | OmicsTable | None] = {"mutations": self.mutations, "expression": self.expression}
        sources |= {f"omics.{name}": table for name, table in self.omics.items()}
        for source, value in sources.items():
            for key in ("samples", "choose"):
                named = getattr(getattr(value, key, None), "table", None)
                if named is not None:
                    table_exists(named, f"{source}.{key}")
        for name, follow_up in self.survival.items():
            table_exists(follow_up.table, f"survival.{name}")
            strangers = [m for m in follow_up.modalities if m not in known]
            if strangers:
                raise ValueError(
                    f"survival.{name}.modalities: {strangers} not among this cohort's modalities {sorted(known)}"
                )
            voxels = [m for m in follow_up.modalities if m.startswith(f"{VOXELS}_")]
            if voxels:
                raise ValueError(f"survival.{name}.modalities: {voxels} hold voxels, which a Cox model cannot read")
            if name in self.endpoints:
                raise ValueError(f"survival.{name}: an endpoint has the same name; choose another")
        for name, table in tables.items():
            if table.one_row_per == "sample" and table.sample_id is None:
                raise ValueError(f"clinical.tables.{name}: one_row_per: sample needs `sample_id`")
        for name, endpoint in self.endpoints.items():
            unknown = [m for m in endpoint.modalities if m not in known]
            if unknown:
                raise ValueError(
                    f"endpoints.{name}.modalities: {unknown} not among this cohort's modalities {sorted(known)}"
                )
            label = endpoint.label
            if endpoint.landmark_days is not None:
                _landmark(name, endpoint.label, endpoint.landmark_days, self.clinical.index_date)
            if isinstance(label, VariantRule | GeneRule):
                if self.mutations is None:
                    raise ValueError(
                        f"endpoints.{name}.label: rule '{label.rule}' needs `mutations`, which is not declared"
                    )
            else:
                table_exists(label.table, f"endpoints.{name}.label")
            compare = label.compare if isinstance(label, VariantRule | HorizonRule) else None
            if compare is not None:
                table_exists(compare.table, f"endpoints.{name}.label.compare")
            for where, coded in (("label", label), ("label.compare", compare)):
                if isinstance(coded, ColumnRule | ResponseRule | SecondSource):
                    both = set(coded.positive) & set(coded.negative)
                    if both:
                        raise ValueError(
                            f"endpoints.{name}.{where}: {sorted(both)} stand under both positive and negative"
                        )
        harmonised = self.models.harmonisation
        if harmonised is not None:
            if harmonised.site not in self.confounders:
                raise ValueError(
                    f"models.harmonisation.site: no confounder '{harmonised.site}'; declared are {sorted(self.confounders)}"
                )
            strange = [m for m in harmonised.modalities if m not in known]
            if strange:
                raise ValueError(
                    f"models.harmonisation.modalities: {strange} not among this cohort's modalities {sorted(known)}"
                )
            voxels = [m for m in harmonised.modalities if m.startswith(f"{VOXELS}_")]
            if voxels:
                raise ValueError(
                    f"models.harmonisation.modalities: {voxels} hold voxels, which ComBat cannot harmonise"
                )
        reserved = {"clinical", "mutations", "expression", "floor", "early", "intermediate", "late", "site"}
        for key, named_tables in (("imaging_tables", set(self.imaging_tables)), ("omics", set(self.omics))):
            clash = (named_tables & reserved) | {name for name in named_tables if name.startswith(f"{VOXELS}_")}
            if clash:
                raise ValueError(f"{key}: {sorted(clash)} are names of other modalities; choose others")
            reserved |= named_tables
        for name, confounder in self.confounders.items():
            declared = [*self.endpoints, *self.survival]
            absent = [e for e in confounder.endpoints if e not in declared]
            if absent:
                raise ValueError(
                    f"confounders.{name}.endpoints: {absent} not among this cohort's endpoints {sorted(declared)}"
                )
        tested = self.prediction.worklist.endpoint
        if tested is not None and tested not in self.endpoints:
            raise ValueError(f"prediction.worklist.endpoint: '{tested}' not among {sorted(self.endpoints)}")
        if self.prediction.inbox is not None and not self.endpoints and self.survival_endpoints():
            raise ValueError(
                "prediction.inbox: deliveries are predicted by models of labels, and none is declared under `endpoints`; models of "
                "times to an event are applied by `radiogenomics predict`"
            )
        group = self.resampling.group
        if group != "patient_id" and (":" not in group or group.partition(":")[0] not in self.confounders):
            raise ValueError(
                f"resampling.group: '{group}' is neither patient_id nor <confounder>:<column> with one of the confounders "
                f"{sorted(self.confounders)}"
            )
        if group != "patient_id" and self.evaluation.locked_test is not None:
            raise ValueError(
                "resampling.group: a locked test is drawn by patient and would divide groups; leave out evaluation.locked_test"
            )
        site = self.evaluation.site
        if site is not None and site.partition(":")[0] not in self.confounders:
            raise ValueError(
                f"evaluation.site: '{site}' is not <confounder>:<column> with one of the confounders {sorted(self.confounders)}"
            )
        return self


def _landmark(name: str, label: LabelRule, days: int, index_date: IndexDate | None) -> None:
    """A landmark needs a day to count from, and a label of which the day is known or does not matter."""
    key = f"endpoints.{name}.landmark_days"
    if index_date is None:
        raise ValueError(f"{key}: needs `clinical.index_date`, the day it counts from")
    if not isinstance(label, HorizonRule | VariantRule | GeneRule):
        raise ValueError(f"{key}: label rule '{label.rule}' does not say when its outcome was known; use rule horizon")
    if isinstance(label, HorizonRule) and days >= label.horizon_months * 365.25 / 12:
        raise ValueError(f"{key}: {days} days are not before the horizon of {label.horizon_months:g} months")
