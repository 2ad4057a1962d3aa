"""No odd value gives a 500: every route of the hub and of the mailbox, thrown at with what nobody would send."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from nightlatch.cloud.routes import clips, households, status
from nightlatch.hub.serve import page
from nightlatch.hub.serve.app import create_app as hub_app
from nightlatch.hub.serve.routes import ROUTERS
from nightlatch.hub.settings import HubSettings
from nightlatch.web import health
from nightlatch.web.signature import sign
from tests.clocks import TestClock
from tests.cloud.clouds import CLIP, SEALER, Cloud, running
from tests.hub.test_api import Hub
from tests.serving import served

STRINGS = st.sampled_from(
    [
        *("", " ", "\x00", "\ud800", "\udfff x", "²", "٣", "-1", "1" * 5000, "\n", "../..", "%00", "a" * 70_000),
        *("rtsp://[", "rtsp://[::1", "http://[", "https://[/", "rtsp://h:99999/", "rtsp://h:²/", "rtsp://\ud800/"),
        *(
            "https://push.example.com:99999/",
            "https://[",
            "null",
            "true",
            "\u202e",
            "ı",
            "🂡",
            "=",
            "AA==",
            "A" * 43 + "=",
        ),
        *("/dev/video²", "/dev/video0", "file:///etc/passwd", "e" * 200, "0" * 12, "0" * 16, "0" * 32, CLIP),
    ]
)
INTEGERS = st.sampled_from([0, 1, -1, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**25, -(10**25), 10**400])
NUMBERS = INTEGERS | st.sampled_from([0.5, -0.0, 1e308, -1e308, 5e-324, float("nan"), float("inf")])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | STRINGS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(STRINGS.filter(lambda text: len(text) < 99), inner, max_size=3)
    ),
    max_leaves=5,
)
RAW = st.sampled_from(
    [b"", b"[" * 15_000, b"{", b"\xff\xfe", b'"\\ud800"', b'{"a":' * 5_000, b"1e999999", b"NaN", b"1" * 9_000]
)
HEADERS = st.sampled_from(
    [
        *({}, {"Range": "bytes=²-"}, {"Range": f"bytes={10**11}-"}, {"Range": "bytes=5-1"}, {"Range": "bytes=-"}),
        *({"Cookie": "nightlatch=\xff; ="}, {"Content-Type": "application/json; charset=\xb2"}, {"Content-Type": "x"}),
        *({"X-Forwarded-For": "["}, {"X-Forwarded-For": "::ffff:, ,"}, {"If-None-Match": "\xb2"}, {"Accept": "\xff"}),
    ]
)
THROWS = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def of_schema(schema: dict[str, Any], names: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Odd values that a schema nearly takes, so that they come as far into the program as they can."""
    if "$ref" in schema:
        return of_schema(names[schema["$ref"].rpartition("/")[2]], names)
    if "anyOf" in schema:
        return st.one_of([of_schema(each, names) for each in schema["anyOf"]])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "string":
            low, high = schema.get("minLength", 0), schema.get("maxLength", 100_000)
            return STRINGS.map(lambda text: (text + "A" * max(0, low - len(text)))[:high])
        case "integer":
            return INTEGERS.filter(lambda n: schema.get("minimum", n) <= n <= schema.get("maximum", n))
        case "number":
            return NUMBERS.filter(lambda n: schema.get("minimum", n) <= n <= schema.get("maximum", n) or n != n)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            low = schema.get("minItems", 0)
            if "prefixItems" in schema:
                return st.tuples(*(of_schema(each, names) for each in schema["prefixItems"])).map(list)
            return st.lists(of_schema(schema.get("items", {}), names), min_size=low, max_size=max(low, 2))
        case "object" if "properties" in schema:
            known = {name: of_schema(each, names) for name, each in schema["properties"].items()}
            needed = {name: each for name, each in known.items() if name in schema.get("required", ())}
            more = {name: each for name, each in known.items() if name not in needed}
            return st.fixed_dictionaries(needed, optional=more)
    return ANYTHING


@dataclass(frozen=True)
class Way:
    """One route and method."""

    route: APIRoute
    method: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.route.path}"

    def paths(self) -> st.SearchStrategy[str]:
        names = re.findall(r"{(\w+)[^}]*}", self.route.path)
        plain = re.sub(r"{(\w+)[^}]*}", r"{\1}", self.route.path)

        def fill(values: list[str]) -> str:
            coded = [quote(value[:2000], safe="", errors="surrogatepass") or "x" for value in values]
            return plain.format(**dict(zip(names, coded, strict=True)))

        return st.lists(STRINGS | INTEGERS.map(str), min_size=len(names), max_size=len(names)).map(fill)

    def queries(self) -> st.SearchStrategy[str]:
        names = [each.alias for each in self.route.dependant.query_params]
        each = st.fixed_dictionaries({}, optional={name: STRINGS | INTEGERS.map(str) for name in names})
        return each.map(lambda asked: urlencode({k: v[:2000] for k, v in asked.items()}, errors="surrogatepass"))

    def bodies(self) -> st.SearchStrategy[bytes]:
        coded = ANYTHING
        if self.route.body_field is not None:
            schema = TypeAdapter(self.route.body_field.field_info.annotation).json_schema()
            coded = of_schema(schema, schema.get("$defs", {}))
        return coded.map(lambda told: json.dumps(told).encode()) | RAW


def ways(routers: Iterable[APIRouter]) -> list[Way]:
    """All routes; the one that signs out comes last."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    found = [Way(route, method) for route in routes for method in sorted(route.methods)]
    return sorted(found, key=lambda way: ("logout" in way.route.path, way.route.path, way.method))


SLOW = ("POST /api/cameras/test",)  # starts a program for each address that it does not refuse: see below
HUB_WAYS = [way for way in ways((*ROUTERS, page.router)) if way.name not in SLOW]
MAILBOX_WAYS = ways((health.router, households.router, clips.router, status.router))


def status_of(client: httpx.Client, method: str, url: str, body: bytes, headers: dict[str, str]) -> int:
    """What a request is answered with; a stream is not read to its end."""
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    with client.stream(method, url, content=body, headers=raw) as answer:
        return answer.status_code


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    clock, folder = TestClock(), tmp_path_factory.mktemp("hub")
    app = hub_app(HubSettings(data_dir=folder), clock)
    with served(app) as url, httpx.Client(base_url=url, headers={"X-Nightlatch": "1"}, timeout=20) as client:
        made = Hub(client, app.state.house, clock, folder)
        assert made.set_up().is_success
        yield made


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running(tmp_path_factory.mktemp("cloud"), TestClock()) as made:
        assert made.enrol().status_code == 201
        assert made.put(body=SEALER.seal(b"footage")).status_code == 201
        yield made


def test_every_route_is_thrown_at() -> None:
    assert len(HUB_WAYS) > 40
    assert len(MAILBOX_WAYS) >= 8


@pytest.mark.parametrize(
    "url", ["rtsp://[", "rtsp://h:²/", "rtsp://h:99999999/", "rtsp://\ud800/", "rtsp://u:p@[h/", "\x00", "", "1" * 2001]
)
def test_an_odd_address_of_a_camera_is_refused_before_it_is_tried(hub: Hub, url: str) -> None:
    body = json.dumps({"url": url}).encode()
    answer = hub.client.post("/api/cameras/test", content=body, headers={"Content-Type": "application/json"})
    if answer.status_code != 422:  # of a length, or in letters, that no address has
        found = answer.json()
        assert (answer.status_code, found["ok"], found["reason"]) == (200, False, "bad_address")
        assert found["text"]


@given(data=st.data())
@THROWS
@pytest.mark.parametrize("way", HUB_WAYS, ids=lambda way: way.name)
def test_no_odd_value_breaks_the_hub(hub: Hub, way: Way, data: st.DataObject) -> None:
    path, query, more = data.draw(way.paths()), data.draw(way.queries()), data.draw(HEADERS)
    found = status_of(hub.client, way.method, f"{path}?{query}", data.draw(way.bodies()), more)
    assert found != 500
    if "logout" not in path and "login" not in path and "Cookie" not in more:
        assert found != 401  # it got past the door


@given(data=st.data())
@THROWS
@pytest.mark.parametrize("role", ["hub", "owner"])
@pytest.mark.parametrize(
    "way", [way for way in MAILBOX_WAYS if way.name != "DELETE /v1/clips"], ids=lambda way: way.name
)
def test_no_odd_value_breaks_the_mailbox(cloud: Cloud, way: Way, role: str, data: st.DataObject) -> None:
    path, query, body = data.draw(way.paths()), data.draw(way.queries()), data.draw(way.bodies())
    key = cloud.hub if role == "hub" else cloud.owner
    signed = sign(key, way.method, path, query, sha256(body).digest(), cloud.clock.now_ms() // 1000)
    with httpx.Client(base_url=cloud.url, timeout=20) as client:
        url = f"{path}?{query}" if query else path
        assert status_of(client, way.method, url, body, {**signed, **data.draw(HEADERS)}) != 500
