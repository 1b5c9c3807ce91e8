"""One line for one trial: every record comes back from its line, and a line that was changed or cut is noticed."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_records import TASK, one_trial, sealed, tasks

from hebbsim.errors import HebbsimError
from hebbsim.records import Record, from_line, to_line

numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(width=64)
vectors = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=80) | st.lists(st.floats(width=64), max_size=80)
some_records = st.builds(
    Record,
    task=tasks,
    trial=st.integers(0, 10**6),
    counts=st.dictionaries(st.text(max_size=8), numbers | vectors, max_size=4),
    num_parameters=st.integers(1, 2**60),
    exact=st.booleans(),
    finite=st.booleans(),
    seconds=st.floats(0, width=64, allow_infinity=False),
    run=st.text(max_size=20),
    stored_bits=st.sampled_from([0.0, 1.0, 8.5, 32.0]),
    channel=st.text(max_size=8),
    vocabulary=st.integers(0, 2**31 - 1),
)


@settings(deadline=None)
@given(some_records)
def test_a_record_comes_back(one):
    line = to_line(one)
    assert "\n" not in line
    assert line.isascii()
    back = from_line(line)
    assert back._replace(counts={}) == one._replace(counts={})
    assert list(back.counts) == list(one.counts)
    for name, count in one.counts.items():
        np.testing.assert_array_equal(back.counts[name], np.asarray(count))
        assert back.counts[name].dtype == (np.float64 if np.asarray(count).dtype.kind == "f" else np.int64)
    assert to_line(back) == line


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (0, 3), (63,), (64,), (2, 3, 100)])
def test_arrays_keep_shape_and_dtype(shape, dtype):
    for array in (np.zeros(shape, dtype), np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)):
        back = from_line(to_line(one_trial(array=array))).counts["array"]
        assert (back.shape, back.dtype) == (shape, dtype)
        np.testing.assert_array_equal(back, array)


def test_histograms_are_sparse_in_the_line():
    histogram = np.zeros((2, 4096), np.int32)
    histogram[1, 7] = 9
    line = to_line(one_trial(histogram=histogram))
    assert json.loads(line)["counts"]["histogram"] == {"shape": [2, 4096], "dtype": "int64", "at": [4103], "is": [9]}
    assert len(line) < 600


@pytest.mark.parametrize(
    "wrong",
    [{"trial": -1}, {"trial": 1.0}, {"trial": True}, {"exact": 1}, {"seconds": "1"}, {"run": None}, {"counts": []}]
    + [{"counts": {"x": x}} for x in ("a", [1, [2]], 2**63, 1j, None, np.array([2**63], np.uint64))]
    + [{"counts": {3: 1}}],
)
def test_wrong_records_are_refused(wrong):
    with pytest.raises(HebbsimError, match="allowed"):
        to_line(one_trial()._replace(**wrong))


def test_numpy_scalars_are_accepted():
    one = one_trial()._replace(
        trial=np.int32(2), finite=np.bool_(True), seconds=np.float64(1), num_parameters=np.int64(2048)
    )
    assert from_line(to_line(one))[:2] == (TASK, 2)
    assert from_line(to_line(one_trial()._replace(seconds=1))).seconds == 1.0


def test_a_line_cut_anywhere_is_torn_and_a_changed_one_is_wrong():
    line = to_line(one_trial())
    for length in range(len(line)):
        with pytest.raises(HebbsimError, match="torn"):
            from_line(line[:length])
    for at in range(len(line)):
        changed = line[:at] + ("1" if line[at] != "1" else "2") + line[at + 1 :]
        with pytest.raises(HebbsimError):
            from_line(changed)


@pytest.mark.parametrize(
    ("line", "said"),
    [("{}", "not a hebbsim record"), ("[1]", "not a hebbsim record"), ("[" * 100_000, "torn"), ("", "torn")]
    + [
        (sealed(one_trial(), schema=2), "schema 2; allowed: 1"),
        (sealed(one_trial(), extra=1), "extra"),
        (sealed(one_trial(), trial=-1), "trial = -1"),
    ]
    + [(sealed(one_trial(), task={"rule": 1}), "missing"), (sealed(one_trial(), counts={"x": "a"}), "count 'x'")]
    + [
        (sealed(one_trial(), counts={"x": {"shape": [2], "dtype": "int64", "at": at, "is": [1]}}), "count 'x'")
        for at in ([5], ["a"], "x")
    ],
)
def test_wrong_lines_are_refused_in_one_line(line, said):
    with pytest.raises(HebbsimError, match=said) as error:
        from_line(line)
    assert "\n" not in str(error.value)
