"""The routes of camera pictures and of the phone's page, and what each of them refuses."""

import json

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from clf_core.errors import StateError, StorageError
from pages.components import capturing
from pages.components.serving import SecurityHeaders, refuse_foreign_hosts, routes

ORIGIN = "http://127.0.0.1:8501"
JPEG = b"\xff\xd8\xff\xe0 frame"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A workspace of its own for the routes."""
    monkeypatch.setenv("CLF_WORKSPACE", str(tmp_path))
    capturing.workbench.cache_clear()
    yield capturing.workbench()
    capturing.workbench.cache_clear()


@pytest.fixture
def client(bench):
    app = Starlette(routes=routes(), middleware=[refuse_foreign_hosts(), Middleware(SecurityHeaders)])
    opened = TestClient(app, base_url=ORIGIN)
    opened.headers.update({"origin": ORIGIN})
    return opened


@pytest.fixture
def address(bench):
    return f"/capture/{bench.captures.begin(('bee', '<b>ant</b>')).token}"


def test_pictures_come_and_are_counted(client, address):
    first = client.post(f"{address}?class=1&burst=3", content=JPEG)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-store"
    number = first.json()["number"]
    told = client.get(address).json()
    assert told["total"] == 1
    assert told["classes"][1] == {"id": 1, "name": "<b>ant</b>", "count": 1, "holds": 1, "latest": [number]}
    assert set(told) == {"classes", "total"}, "a token is in the address and is not said again"


def test_classes_are_renamed_added_and_removed(client, address):
    wanted = [{"id": 1, "name": "wasp"}, {"name": "fly"}]
    told = client.put(address, content=json.dumps({"classes": wanted})).json()
    assert [(entry["id"], entry["name"]) for entry in told["classes"]] == [(1, "wasp"), (2, "fly")]


def test_the_last_hold_is_undone_and_a_class_is_cleared(client, address):
    for kind, burst in ((0, 1), (0, 2), (0, 2), (1, 3)):
        client.post(f"{address}?class={kind}&burst={burst}", content=JPEG)
    assert client.delete(f"{address}?class=0&last=1").json()["total"] == 2
    assert client.delete(f"{address}?class=1").json()["total"] == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_wrong_token_is_refused_before_anything_is_read(client, address, method):
    answer = client.request(method, f"{address}x?class=0", content=JPEG)
    assert answer.status_code == 404
    assert "Scan the code" in answer.json()["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
        {"origin": ORIGIN, "sec-fetch-site": "same-site"},
    ],
)
def test_pages_of_other_sites_are_refused(client, address, bench, method, headers):
    answer = client.request(method, f"{address}?class=0", content=JPEG, headers=headers)
    assert answer.status_code == 403
    assert "own pages" in answer.json()["error"]
    assert bench.captures.by_token(address.rsplit("/", 1)[1]).total == 0


def test_a_proxy_that_changes_the_host_is_no_obstacle_where_the_browser_vouches(client, address):
    headers = {"origin": "https://studio.example", "sec-fetch-site": "same-origin"}
    assert client.post(f"{address}?class=0", content=JPEG, headers=headers).status_code == 200


def test_no_origin_at_all_is_refused(bench, address):
    bare = TestClient(Starlette(routes=routes()), base_url=ORIGIN)
    assert bare.post(f"{address}?class=0", content=JPEG).status_code == 403


def test_a_picture_beyond_the_cap_is_refused_whatever_its_header_says(client, address, bench, monkeypatch):
    monkeypatch.setattr(capturing, "MAX_FRAME_BYTES", 1000)
    answers = [
        client.post(f"{address}?class=0", content=JPEG + bytes(1000)),
        client.post(f"{address}?class=0", content=(JPEG + bytes(500) for _ in range(3))),  # no length declared
    ]
    assert [answer.status_code for answer in answers] == [413, 413]
    assert "larger than" in answers[0].json()["error"]
    assert bench.captures.by_token(address.rsplit("/", 1)[1]).total == 0


@pytest.mark.parametrize(
    ("query", "body", "status", "words"),
    [
        ("", JPEG, 400, "'class'"),
        ("?class=-1", JPEG, 400, "'class'"),
        ("?class=one", JPEG, 400, "'class'"),
        ("?class=\u0661", JPEG, 400, "'class'"),  # a digit, but not an ASCII one
        ("?class=0&burst=" + "9" * 17, JPEG, 400, "'burst'"),
        ("?class=7", JPEG, 404, "no such class"),
        ("?class=0", b"", 415, "empty"),
        ("?class=0", b"<svg></svg>", 415, "SVG"),
        ("?class=0", b"GIF89a", 415, "GIF"),
    ],
)
def test_what_is_no_camera_picture_is_refused_in_words(client, address, query, body, status, words):
    answer = client.post(f"{address}{query}", content=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"classes": 1}',
        b'{"classes": ["bee"]}',
        b'{"classes": [{"id": 0}]}',
        b'{"classes": [{"id": "0", "name": "bee"}]}',
        b'{"classes": [{"id": true, "name": "bee"}]}',
        b'{"classes": [{"id": 0, "name": 5}]}',
        b'{"classes": []}',
        b'{"classes": [{"id": 0, "name": "bee"}, {"id": 1, "name": "Bee"}]}',
        b"[" * 100_000,
    ],
)
def test_classes_of_another_shape_are_refused(client, address, body):
    answer = client.put(address, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert [entry["name"] for entry in client.get(address).json()["classes"]] == ["bee", "<b>ant</b>"]


@pytest.mark.parametrize(("error", "status"), [(StateError("later"), 409), (StorageError("The disk is full"), 507)])
def test_trouble_is_told_in_words(client, address, bench, monkeypatch, error, status):
    def refuse(*_):
        raise error

    monkeypatch.setattr(bench.captures, "add", refuse)
    answer = client.post(f"{address}?class=0", content=JPEG)
    assert (answer.status_code, answer.json()["error"]) == (status, str(error))


def test_a_preview_is_encoded_anew_and_only_for_who_knows_the_token(client, address, helpers):
    number = client.post(f"{address}?class=0", content=helpers.picture(0, 1)).json()["number"]
    answer = client.get(f"{address}/{number}")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.content[8:12] == b"WEBP"
    for wrong in (f"{address}x/{number}", f"{address}/{number + 1}", f"{address}/..%2f1", f"{address}/x"):
        assert client.get(wrong).status_code == 404
    broken = client.post(f"{address}?class=0", content=JPEG).json()["number"]
    assert client.get(f"{address}/{broken}").status_code == 415


def test_the_phone_s_page_holds_nothing_from_outside(client, address):
    page = client.get(address.replace("/capture/", "/phone/"))
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "ant" not in page.text
    assert address.rsplit("/", 1)[1] not in page.text
    assert "onclick" not in page.text
    lost = client.get("/phone/c-00000000000000000000.x")
    assert (lost.status_code, lost.text) == (404, page.text)


def test_the_phone_s_page_wears_the_studio_s_colours(client):
    style = client.get("/phone/phone.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "--st-primary-color: #1d5c9e;" in style.text
    assert "--st-primary-color: #3579c2;" in style.text.split("prefers-color-scheme: dark", 1)[1]
    assert "None" not in style.text
    script = client.get("/phone/phone.js")
    assert script.headers["content-type"].startswith("text/javascript")
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert forbidden not in script.text
