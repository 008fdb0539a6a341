"""Shapes that Juju wants the documents of a charm to have: each says in what a value differs.

They are for what is not read here, or read more kindly than Juju reads it. Nothing at all is never right where a key
is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from vca_core.charm.documents import CHARMCRAFT
from vca_core.charm.fields import Field
from vca_core.errors import BadArguments

Shape = Callable[[Field], Iterator[str]]
"""Tells what is wrong with a value, one text for each problem."""


def as_read(read: Callable[[Field], object]) -> Shape:
    """What a method of `Field` takes."""

    def shape(field: Field) -> Iterator[str]:
        try:
            read(field)
        except BadArguments as error:
            yield error.message

    return shape


TEXT = as_read(Field.text)
FLAG = as_read(lambda field: field.flag(text=True))
NUMBER = as_read(lambda field: field.whole_number(text=True))


def word(*words: str) -> Shape:
    """One of some words."""
    return as_read(lambda field: field.one_of(words))


def nothing(field: Field) -> Iterator[str]:
    """A key without a value."""
    if field.value is not None:
        yield field.expectation_error("nothing").message


def list_of(item: Shape) -> Shape:
    """A list of what is alike."""

    def shape(field: Field) -> Iterator[str]:
        if not isinstance(field.value, list):
            yield field.expectation_error("a list").message
            return
        for one in field.items():
            yield from item(one)

    return shape


def map_of(value: Shape) -> Shape:
    """A mapping whose keys the charm's author chose."""

    def shape(field: Field) -> Iterator[str]:
        if not isinstance(field.value, Mapping):
            yield field.expectation_error("a mapping").message
            return
        yield from problems_of_keys(field)
        for one in field.mapping(empty=True).values():
            yield from value(one)

    return shape


def names_of(value: Shape) -> Shape:
    """A mapping whose keys the charm's author chose, and Juju keeps as they are."""

    def shape(field: Field) -> Iterator[str]:
        yield from map_of(value)(field)
        if isinstance(field.value, Mapping):
            yield from problems_of_kept_keys(field)

    return shape


def record(needed: Mapping[str, Shape], known: Mapping[str, Shape]) -> Shape:
    """A mapping with certain keys; others are ignored.

    Args:
        needed: those that have to be there.
        known: those that may be.
    """

    def shape(field: Field) -> Iterator[str]:
        if not isinstance(field.value, Mapping):
            yield field.expectation_error("a mapping").message
            return
        yield from problems_of_keys(field)
        parts = field.mapping(empty=True)
        for key in needed:
            if key not in parts:
                yield field.error(f"expected {key}, got none").message
        for key, one in {**needed, **known}.items():
            if key in parts:
                yield from one(parts[key])

    return shape


# What Juju unmarshals into structures of Go is taken more kindly: nothing at all is as if the key were not
# there, and every single value is text.


def scalar(field: Field) -> Iterator[str]:
    """Text, or what else can be written as one: a number, true, false, nothing."""
    if isinstance(field.value, Mapping | list):
        yield field.expectation_error("text").message


def texts_by_name(value: Shape) -> Shape:
    """A mapping whose keys the charm's author chose, or nothing; every key is text."""

    def shape(field: Field) -> Iterator[str]:
        if field.value is not None and not isinstance(field.value, Mapping):
            yield field.expectation_error("a mapping").message
            return
        for one in field.mapping().values():
            yield from value(one)

    return shape


def structure(known: Mapping[str, Shape]) -> Shape:
    """A mapping with certain keys, or nothing; others are ignored."""

    def shape(field: Field) -> Iterator[str]:
        if field.value is not None and not isinstance(field.value, Mapping):
            yield field.expectation_error("a mapping").message
            return
        for key, one in field.mapping().items():
            if key in known:
                yield from known[key](one)

    return shape


def problems_of_kept_keys(field: Field, *, is_in_list: bool = False) -> Iterator[str]:
    """Keys of a mapping that Juju 3 cannot keep in its database; it refuses the charm when it is uploaded.

    Args:
        field: the mapping.
        is_in_list: whether it stands in a list: Juju does not look there, but its database refuses dollar signs.
    """
    for key in map(str, field.value):
        if key.startswith("$"):
            yield field.error(f"the key {key} cannot be kept by Juju, as it begins with $; leave it out").message
        elif "." in key and not is_in_list:
            yield field.error(f"the key {key} cannot be kept by Juju, as it has a dot; write it without").message
        elif not key and not is_in_list:
            yield field.error("has an empty key, which cannot be kept by Juju; write a name").message


def problems_of_keys(field: Field) -> Iterator[str]:
    """Keys of a mapping that Juju takes for something else than text: ``on``, ``1``.

    Those of ``charmcraft.yaml`` are written in quotes where Juju reads them.
    """
    if field.file == CHARMCRAFT:
        return
    from vca_core.yaml_reader import OddKey  # YAML is loaded for those who read charms

    for key in field.value:
        if isinstance(key, OddKey):
            yield field.error(f"the key {key} is not text to Juju; put it in quotes").message
