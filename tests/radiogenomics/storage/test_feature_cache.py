"""The feature cache: whole entries or none."""

from __future__ import annotations

import json
import math
import multiprocessing
from pathlib import Path

import pytest

from radiogenomics.exceptions import IntegrityError
from radiogenomics.storage.feature_cache import FeatureCache, cache_key

KEY = cache_key("a", 1)


def _write_many(folder: str) -> None:
    cache = FeatureCache(folder)
    for _ in range(20):
        cache.put(KEY, {"value": [0.1] * 500})


def test_numbers_come_back_to_the_last_bit(tmp_path) -> None:
    values = {"third": 1 / 3, "tiny": 5e-324, "big": -1.7976931348623157e308, "list": [math.pi, 2.0], "text": "µ"}
    FeatureCache(tmp_path).put(KEY, values)
    assert FeatureCache(tmp_path).get(KEY) == values


def test_what_was_never_put_is_absent(tmp_path) -> None:
    assert FeatureCache(tmp_path / "not_made_yet").get(KEY) is None


def test_the_key_depends_on_every_part_and_not_on_the_order_of_a_mapping() -> None:
    assert cache_key({"a": 1, "b": 2}) == cache_key({"b": 2, "a": 1})
    assert len({cache_key("a", 1), cache_key("a", 2), cache_key("a", "1"), cache_key("a1")}) == 4


@pytest.mark.parametrize("damage", ["cut", "digit", "other_key", "not_json", "binary"])
def test_a_damaged_entry_counts_as_absent_and_can_be_put_again(tmp_path, damage) -> None:
    cache = FeatureCache(tmp_path)
    cache.put(KEY, {"value": 1.5})
    (path,) = Path(tmp_path).rglob("*.json")
    content = path.read_text()
    if damage == "cut":
        path.write_text(content[:-10])
    elif damage == "digit":
        path.write_text(content.replace("1.5", "1.6"))
    elif damage == "other_key":
        path.write_text(json.dumps({**json.loads(content), "key": cache_key("other")}))
    elif damage == "not_json":
        path.write_text("")
    else:
        path.write_bytes(b"\xff\xfe\x00")
    assert cache.get(KEY) is None
    cache.put(KEY, {"value": 1.5})
    assert cache.get(KEY) == {"value": 1.5}


@pytest.mark.parametrize("value", [math.nan, math.inf, object()])
def test_a_value_that_is_not_finite_is_never_kept(tmp_path, value) -> None:
    with pytest.raises(IntegrityError, match="only finite values"):
        FeatureCache(tmp_path).put(KEY, {"value": value})
    assert FeatureCache(tmp_path).get(KEY) is None


def test_a_key_cannot_lead_out_of_the_folder(tmp_path) -> None:
    with pytest.raises(IntegrityError, match="SHA-256"):
        FeatureCache(tmp_path).get("../../etc/passwd")


def test_several_writers_of_one_key_leave_one_whole_entry(tmp_path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(str(tmp_path),)) for _ in range(2)]
    for writer in writers:
        writer.start()
    seen = {len(found["value"]) for _ in range(200) if (found := FeatureCache(tmp_path).get(KEY)) is not None}
    for writer in writers:
        writer.join()
    assert seen <= {500}
    assert [path.name for path in Path(tmp_path).rglob("*") if path.is_file()] == [f"{KEY}.json"]
    assert FeatureCache(tmp_path).get(KEY) == {"value": [0.1] * 500}
