"""What the kit finds wrong with the options of a description."""

from __future__ import annotations

import pytest

from vca_core.backend import Description, OptionState
from vca_core.naming import EeId
from vca_core.secrets import MASK
from vca_core.testing.checks.descriptions import check_options

EE_ID = EeId("ns", "app", "0")


def described(**options: OptionState) -> Description:
    return Description(EE_ID, options=options)


@pytest.mark.parametrize(
    ("given", "reported"),
    [
        ("kit", OptionState("kit", is_set=True)),
        ("2", OptionState(2, is_set=True, type="int")),
        (True, OptionState(True, is_set=True, type="boolean")),
        ("true", OptionState(True, is_set=True, type="boolean")),
        ("s3cret", OptionState(MASK, is_set=True, secret=True)),
    ],
)
def test_an_option_that_is_reported_as_it_was_given_passes(given: object, reported: OptionState) -> None:
    check_options({"label": given}, described(label=reported, other=OptionState(None, is_set=False)))


@pytest.mark.parametrize(
    ("reported", "complaint"),
    [
        ({}, "label is not described"),
        ({"label": OptionState("kit", is_set=False)}, "described as not set"),
        ({"label": OptionState("none", is_set=True)}, "another value"),
        ({"label": OptionState("kit", is_set=True, secret=True)}, "another value"),
    ],
)
def test_an_option_that_is_reported_otherwise_fails(reported: dict[str, OptionState], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_options({"label": "kit"}, described(**reported))
