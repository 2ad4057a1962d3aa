"""The site map is true, and no loose dict leaves the hub."""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Iterator

import pytest
from fastapi import Response
from fastapi.routing import APIRoute

from nightlatch.hub.serve import routes
from nightlatch.hub.serve.routes.asking import PageBody

LINE = re.compile(r"    (?P<noun>\w*) +(?P<method>GET|POST|PUT|PATCH|DELETE) +(?P<path>/api/\S+)")
ROUTES = [route for router in routes.ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def site_map() -> Iterator[tuple[str, str, str]]:
    noun = ""
    for line in (routes.__doc__ or "").splitlines():
        if found := LINE.match(line):
            noun = found["noun"] or noun
            yield noun, found["method"], found["path"]


def test_the_site_map_in_the_docstring_is_what_there_is() -> None:
    served = [
        (route.endpoint.__module__.rpartition(".")[2], method, route.path)
        for route in ROUTES
        for method in sorted(route.methods, reverse=True)  # GET before DELETE
    ]
    assert list(site_map()) == served


def leaves(annotation: object) -> Iterator[object]:
    arguments = [each for each in typing.get_args(annotation) if not isinstance(each, str | bool)]
    if not arguments:
        yield annotation
    for each in arguments:
        yield from leaves(each)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{sorted(route.methods)[0]} {route.path}")
def test_every_answer_has_a_shape_and_every_body_refuses_the_unknown(route: APIRoute) -> None:
    answer = typing.get_type_hints(route.endpoint)["return"]
    for leaf in leaves(answer):
        is_bytes = isinstance(leaf, type) and issubclass(leaf, Response)
        assert dataclasses.is_dataclass(leaf) or is_bytes or leaf in (type(None), str), leaf
    for name, annotation in typing.get_type_hints(route.endpoint).items():
        if name == "body":
            assert issubclass(annotation, PageBody)
