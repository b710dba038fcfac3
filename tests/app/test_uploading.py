"""The routes that take uploads, and what each of them refuses."""

import json
import time

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from pages.components import uploading
from pages.components.serving import SecurityHeaders, refuse_foreign_hosts, routes

ORIGIN = "http://127.0.0.1"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A workspace of its own for the routes."""
    monkeypatch.setenv("CLF_WORKSPACE", str(tmp_path))
    uploading.workbench.cache_clear()
    yield uploading.workbench()
    uploading.workbench.cache_clear()


@pytest.fixture
def client(bench):
    app = Starlette(routes=routes(), middleware=[refuse_foreign_hosts(), Middleware(SecurityHeaders)])
    opened = TestClient(app, base_url=ORIGIN)
    opened.headers.update({"origin": ORIGIN, "x-upload-token": uploading.new_token()})
    return opened


def begin(client, size=10, **changes):
    return client.post("/upload", content=json.dumps({"name": "a.zip", "size": size, "fingerprint": "f", **changes}))


def test_a_file_comes_in_pieces_and_the_count_is_told(client, bench):
    started = begin(client)
    assert started.json() == {"id": started.json()["id"], "size": 10, "received": 0}
    address = f"/upload/{started.json()['id']}"
    assert client.put(f"{address}?offset=0", content=b"01234").json()["received"] == 5
    assert client.put(f"{address}?offset=0", content=b"01234").json()["received"] == 5
    assert client.get(address).json()["received"] == 5
    assert begin(client).json() == client.get(address).json(), "the same file goes on where it stopped"
    assert client.put(f"{address}?offset=5", content=b"56789").json()["received"] == 10
    path, name = bench.uploads.source_path(started.json()["id"])
    assert (path.read_bytes(), name) == (b"0123456789", "a.zip")


def test_a_piece_larger_than_a_block_is_written_block_by_block(client, bench):
    data = bytes(range(256)) * 4 * 2048 + b"end"
    identifier = begin(client, size=len(data)).json()["id"]
    assert client.put(f"/upload/{identifier}?offset=0", content=data).json()["received"] == len(data)
    assert bench.uploads.source_path(identifier)[0].read_bytes() == data


def test_discarding_forgets_the_upload(client):
    address = f"/upload/{begin(client).json()['id']}"
    assert client.delete(address).status_code == 204
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.json()["remedy"] == "Choose the file again"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1.evil.example", ORIGIN + ":9"]
)
def test_only_pages_of_this_host_may_change_anything(client, method, origin):
    identifier = begin(client).json()["id"]
    if origin is None:
        del client.headers["origin"]
    else:
        client.headers["origin"] = origin
    answer = client.request(method, "/upload" if method == "POST" else f"/upload/{identifier}?offset=0", content=b"0")
    assert (answer.status_code, answer.json()["code"]) == (403, "origin")
    assert client.get(f"/upload/{identifier}").json()["received"] == 0


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
@pytest.mark.parametrize("token", ["", "abc", "..", "ffffffffff.0.0"])
def test_without_a_token_of_ours_nothing_is_told_or_done(client, bench, method, token):
    identifier = begin(client).json()["id"]
    client.headers["x-upload-token"] = token
    answer = client.request(method, "/upload" if method == "POST" else f"/upload/{identifier}?offset=0", content=b"0")
    assert (answer.status_code, answer.json()["code"]) == (403, "token")
    assert bench.uploads.get(identifier).received == 0


def test_a_token_ends_and_a_changed_one_is_none(client, monkeypatch):
    token = uploading.new_token()
    assert uploading.token_holds(token)
    assert uploading.token_is_fresh(token)
    later, rest = token.split(".", 1)
    assert not uploading.token_holds(f"{int(later, 16) + 9999:x}.{rest}")
    now = time.time()
    monkeypatch.setattr(uploading.time, "time", lambda: now + 7 * 3600)
    assert uploading.token_holds(token)
    assert not uploading.token_is_fresh(token)
    monkeypatch.setattr(uploading.time, "time", lambda: now + 13 * 3600)
    assert not uploading.token_holds(token)
    client.headers["x-upload-token"] = token
    assert begin(client).status_code == 403


@pytest.mark.fault("A2")
def test_a_token_outlives_a_restart_of_the_server(client):
    """the page that was sending goes on by itself."""
    token = uploading.new_token()
    uploading.workbench.cache_clear()
    assert uploading.token_holds(token)


def test_a_foreign_host_name_is_refused(client):
    client.headers["host"] = "evil.example"
    assert begin(client).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b'{"name": "a"}',
        b'{"name": 3, "size": 1, "fingerprint": "f"}',
        b'{"name": "a", "size": true, "fingerprint": "f"}',
        b'{"name": "a", "size": 1.5, "fingerprint": "f"}',
        b"\xff",
    ],
)
def test_a_description_that_is_none_is_refused(client, body):
    assert client.post("/upload", content=body).status_code == 400


def test_sizes_are_checked_before_anything_is_kept(client, bench):
    assert begin(client, size=0).status_code == 413
    assert begin(client, size=10**15).status_code == 413
    assert begin(client, name="x" * 20_000).status_code == 413
    assert bench.uploads.list() == ()
    identifier = begin(client).json()["id"]
    assert client.put(f"/upload/{identifier}?offset=0", content=b"x" * 11).status_code == 413
    assert client.put(f"/upload/{identifier}?offset=0", content=b"x" * (9 * 2**20)).status_code == 413

    def unannounced():
        for _ in range(9):
            yield b"x" * 2**20

    big = begin(client, size=100 * 2**20).json()["id"]
    assert client.put(f"/upload/{big}?offset=0", content=unannounced()).status_code == 413
    assert bench.uploads.get(big).received <= 9 * 2**20


@pytest.mark.parametrize("offset", ["", "-1", "x", "1e3", "\u0661", "9" * 30])
def test_an_offset_must_be_a_number(client, offset):
    identifier = begin(client).json()["id"]
    assert client.put(f"/upload/{identifier}", params={"offset": offset}, content=b"0").status_code == 400


def test_a_gap_is_refused(client):
    identifier = begin(client).json()["id"]
    assert client.put(f"/upload/{identifier}?offset=4", content=b"4").status_code == 409


@pytest.mark.parametrize("identifier", ["none", "..%2f..%2fetc", "u-" + "0" * 20, "%2e%2e"])
def test_nothing_but_a_known_identifier_leads_anywhere(client, identifier):
    assert client.get(f"/upload/{identifier}").status_code == 404
    assert client.put(f"/upload/{identifier}?offset=0", content=b"0").status_code == 404


@pytest.mark.fault("A4")
def test_a_full_disk_is_told_in_words(client, bench, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    answer = begin(client)
    assert answer.status_code == 507
    assert "needs 0.6 GB, has 0.1 GB" in answer.json()["what"]
