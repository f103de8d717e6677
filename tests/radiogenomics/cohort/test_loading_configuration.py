"""A mistake in ``cohort.yaml`` is named: file, key, what was expected, what was found."""

from __future__ import annotations

import pytest
import yaml

from radiogenomics.cohort import load_cohort
from radiogenomics.exceptions import ConfigurationError

GOOD = {
    "name": "a_cohort",
    "root": "${DATA}/x",
    "clinical": {
        "tables": {"main": {"file": "clinical.csv", "patient_id": "id"}},
        "variables": {"age": {"column": "AGE", "type": "number", "unit": "years"}},
    },
    "endpoints": {
        "egfr_status": {
            "label": {"column": "EGFR", "positive": ["Mutant"], "negative": ["Wildtype"]},
            "modalities": ["clinical"],
        }
    },
}


def write(tmp_path, change=None, text=None):
    file = tmp_path / "cohort.yaml"
    content = yaml.safe_load(yaml.safe_dump(GOOD))
    if change:
        change(content)
    file.write_text(text if text is not None else yaml.safe_dump(content))
    return file


def refused(tmp_path, change=None, text=None):
    with pytest.raises(ConfigurationError) as caught:
        load_cohort(write(tmp_path, change, text), {"DATA": "/data"})
    message = str(caught.value)
    assert str(tmp_path / "cohort.yaml") in message
    return message


def test_a_good_file_is_read_and_paths_follow_the_file_and_the_variable(tmp_path):
    cohort = load_cohort(write(tmp_path), {"DATA": "/data"})
    assert cohort.path("a.csv").as_posix() == "/data/x/a.csv"
    relative = load_cohort(write(tmp_path, lambda c: c.update(root="sub")), {})
    assert relative.path("a.csv") == tmp_path / "sub" / "a.csv"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(endpont=1), ["endpont: unknown key", "did you mean 'endpoints'"]),
        (
            lambda c: c.update(
                endpoints={},
                survival={"death": {"time": "months", "event": "dead", "modalities": ["clinical"]}},
                prediction={"inbox": "in"},
            ),
            ["prediction.inbox: deliveries are predicted by models of labels", "`radiogenomics predict`"],
        ),
        (
            lambda c: c["clinical"]["variables"]["age"].update(colum="x"),
            ["clinical.variables.age.colum", "did you mean 'column'"],
        ),
        (
            lambda c: c["endpoints"]["egfr_status"]["label"].update(postive=[]),
            ["endpoints.egfr_status.label.postive", "did you mean 'positive'"],
        ),
        (lambda c: c.pop("name"), ["name: required, but not given"]),
        (
            lambda c: c["clinical"]["variables"]["age"].update(type="integer"),
            ["clinical.variables.age.type", "'integer'"],
        ),
        (lambda c: c.update(resampling={"outer_folds": "many"}), ["resampling.outer_folds", "'many'"]),
        (lambda c: c.update(resampling={"outer_folds": 1}), ["resampling.outer_folds", "found 1"]),
        (lambda c: c["endpoints"]["egfr_status"].update(modalities=["radiomic"]), ["radiomic", "['clinical']"]),
        (
            lambda c: c["endpoints"]["egfr_status"]["label"].update(negative=["Mutant"]),
            ["egfr_status.label", "both positive and negative"],
        ),
        (lambda c: c["clinical"]["variables"]["age"].update(table="other"), ["table 'other'", "['main']"]),
        (lambda c: c.update(name="My Cohort"), ["name", "'My Cohort'"]),
        (
            lambda c: c["clinical"]["variables"].update(sex={"column": "S", "type": "category"}),
            ["clinical.variables.sex", "categories"],
        ),
        (lambda c: c.update(images={"ct": {"kind": "CT", "image": "a.nii"}}), ["images.ct", "`image` and `mask`"]),
    ],
)
def test_each_mistake_is_named(tmp_path, change, words):
    message = refused(tmp_path, change)
    for word in words:
        assert word in message


def test_several_mistakes_are_all_named_at_once(tmp_path):
    def change(content):
        content.pop("name")
        content["resamplng"] = {}

    message = refused(tmp_path, change)
    assert "name: required" in message
    assert "resamplng" in message


def test_an_environment_variable_that_is_not_set_is_named_with_its_key(tmp_path):
    with pytest.raises(ConfigurationError, match=r"root: environment variable DATA is not set") as caught:
        load_cohort(write(tmp_path), {})
    assert caught.value.rule == "environment_variable"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name: [", "line 1"),
        ("- a\n- b\n", "expected a mapping"),
        ("", "expected a mapping"),
        ("name: a\nname: b\n", "'name' is given twice"),
        ("name: !!python/object/apply:os.system ['true']\n", "could not determine a constructor"),
    ],
    ids=["not yaml", "a list", "empty", "twice", "code"],
)
def test_what_is_no_configuration_is_refused_with_the_place(tmp_path, text, word):
    assert word in refused(tmp_path, text=text)


def test_a_missing_file_and_bytes_that_are_no_text_are_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        load_cohort(tmp_path / "none.yaml")
    (tmp_path / "cohort.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_cohort(tmp_path / "cohort.yaml")
