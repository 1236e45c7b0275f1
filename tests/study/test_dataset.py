"""The dataset of free-running workers at the URL of an object store: written, scanned lazily, and its absence told."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import polars as pl
import pytest

from gfplab.cli.main import run_command_line
from gfplab.errors import StudyError
from gfplab.study import dataset
from gfplab.study.store import Trial

MODIFIED = "<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
ENTRY = "<Contents><Key>{}</Key><Size>{}</Size><ETag>1</ETag>" + MODIFIED + "</Contents>"


class Store(BaseHTTPRequestHandler):
    """As much of the S3 protocol as a dataset needs: list, put, get by ranges, in two buckets."""

    objects: dict[str, bytes] = {}
    ranges: list[str] = []
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self):
        self.objects[unquote(self.path)] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200)

    def do_GET(self):
        url = urlsplit(self.path)
        path, asked = unquote(url.path), parse_qs(url.query)
        if "list-type" in asked:
            if path not in ("/lab", "/attic"):
                return self.answer(404, b"<?xml?><Error><Code>NoSuchBucket</Code></Error>")
            prefix = f"{path}/{asked.get('prefix', [''])[0]}"
            found = [key for key in sorted(self.objects) if key.startswith(prefix)]
            entries = "".join(ENTRY.format(key.removeprefix(f"{path}/"), len(self.objects[key])) for key in found)
            text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
            return self.answer(200, text.encode())
        if path not in self.objects:
            return self.answer(404)
        body, wanted = self.objects[path], self.headers.get("Range")
        if wanted is None or self.command == "HEAD":
            return self.answer(200, body)
        self.ranges.append(wanted)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(body) - int(last))
        stop = min(int(last) + 1, len(body)) if first and last else len(body)
        self.answer(206, body[start:stop], Content_Range=f"bytes {start}-{stop - 1}/{len(body)}")

    do_HEAD = do_GET


@pytest.fixture(scope="module")
def port():
    """Of the only store of this module: Polars keeps the connection of a bucket as long as the process lives."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(port, monkeypatch):
    """An empty store, to which the environment points."""
    Store.objects.clear()
    environment(monkeypatch, port)
    return Store


def environment(monkeypatch, port):
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "lab",
        "AWS_REGION": "here",
    }.items():
        monkeypatch.setenv(name, value)


def trial(number, label="stock", stall=3.0, failure="", origin="sampler"):
    runs = [] if failure else [("s1", seed, {"worst_io_stall_ms": stall * seed, "oom_kills": 0.0}) for seed in (1, 2)]
    return Trial(number, 0, origin, label, {"policy": label}, {}, {}, runs, failure=failure)


def fill(place):
    dataset.add(place, "mine", trial(0, origin="baseline"), "here-1")
    dataset.add(place, "mine", trial(1, "neil_mask", 1.0), "there-2")
    dataset.add(place, "mine", trial(2, failure="s1: it broke"), "there-2")
    dataset.add(place, "yours", trial(0, stall=5.0), "here-1")


def test_an_object_store_gives_what_a_folder_gives(store, tmp_path):
    """Workers write there, a trial to an object; Polars reads of each object what a query needs."""
    for place in (tmp_path / "dataset", "s3://lab/sets/dataset"):
        fill(place)
    assert sorted(store.objects)[0] == "/lab/sets/dataset/study=mine/000000-here-1.parquet"
    local, there = (dataset.scan(place) for place in (tmp_path / "dataset", "s3://lab/sets/dataset"))
    assert isinstance(there, pl.LazyFrame)
    assert there.sort(pl.all()).collect().equals(local.sort(pl.all()).collect())
    store.ranges.clear()
    of_mine = there.filter(pl.col("study") == "mine", pl.col("metric") == "worst_io_stall_ms").select("value").collect()
    assert sorted(of_mine["value"]) == [1.0, 2.0, 3.0, 6.0]
    assert store.ranges, "whole objects were fetched"


def test_options_may_stand_in_for_the_environment(store, monkeypatch):
    """As Polars calls them."""
    options = {"aws_endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    dataset.add("s3://attic/", "mine", trial(0), "here-1", options)
    assert dataset.contents("s3://attic", options=options)["study"].to_list() == ["mine"]


@pytest.mark.parametrize("place", ["folder", "s3://lab/dataset"])
def test_what_is_in_a_dataset(store, tmp_path, place, capsys):
    """By study, and by policy where a metric is asked for."""
    place = tmp_path if place == "folder" else place
    fill(place)
    assert dataset.contents(place).rows() == [("mine", 3, 1, 1, 2, 4), ("yours", 1, 0, 0, 1, 2)]
    assert dataset.contents(place, "worst_io_stall_ms").rows() == [
        ("mine", "s1", "neil_mask", 1, 1.0, 1.5, 2.0),
        ("mine", "s1", "stock", 1, 3.0, 4.5, 6.0),
        ("yours", "s1", "stock", 1, 5.0, 7.5, 10.0),
    ]
    assert run_command_line(["study", "dataset", str(place)]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines() if "yours" in line] == [
        ["yours", "1", "0", "0", "1", "2"]
    ]
    assert run_command_line(["study", "dataset", str(place), "--metric", "worst_stall_ms"]) == 2
    said = capsys.readouterr().err
    assert said == f"gfplab: --metric: {place} has no 'worst_stall_ms'; did you mean 'worst_io_stall_ms'?\n"


def test_a_dataset_that_is_not_there_is_a_sentence(store, tmp_path, monkeypatch, capsys):
    """A wrong folder, a wrong URL, a store that is not there, a file that is no Parquet: exit code 2, one line."""
    (tmp_path / "study=bad").mkdir()
    (tmp_path / "study=bad" / "1.parquet").write_bytes(b"PAR1 no")

    def said(place):
        assert run_command_line(["study", "dataset", str(place)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line.removeprefix("gfplab: ")

    missing = "there is no dataset here; gfplab study worker writes one"
    assert said(tmp_path / "none") == f"{tmp_path / 'none'}: {missing}"
    assert said("s3://lab/none") == f"s3://lab/none: {missing}"
    assert said(tmp_path).startswith(f"{tmp_path}: cannot be read (")
    assert said("s3://other/dataset").startswith("s3://other/dataset: cannot be read (object-store error: ")
    assert said("nfs://lab/dataset") == "nfs://lab/dataset: there is no dataset here; gfplab study worker writes one"
    environment(monkeypatch, 1)
    assert said("s3://gone/dataset") == (
        "s3://gone/dataset: cannot be read (Connection refused (os error 111));"
        " see to the URL, and the store's address and keys in the environment"
    )
    with pytest.raises(StudyError, match="invalid value for 'max_retries'"):
        dataset.contents("s3://gone/dataset", options={"max_retries": "many"})
    with pytest.raises(OSError, match=r"^Connection refused \(os error 111\)$"):
        dataset.add("s3://gone/dataset", "mine", trial(0), "here-1")


def test_an_object_store_is_not_merged(capsys):
    """Nothing there is deleted."""
    assert run_command_line(["study", "merge", "s3://lab/dataset"]) == 2
    assert capsys.readouterr().err == (
        "gfplab: s3://lab/dataset: files of an object store stay as they are; gfplab study dataset reads them all\n"
    )


def test_a_torn_file_does_not_keep_the_others_from_being_named(tmp_path):
    """Merging stops before anything is deleted."""
    fill(tmp_path)
    torn = tmp_path / "study=mine" / "000001-there-2.parquet"
    torn.write_bytes(torn.read_bytes()[:100])
    with pytest.raises(StudyError, match="cannot be read"):
        dataset.merge(tmp_path)
    assert len(list((tmp_path / "study=mine").iterdir())) == 3
