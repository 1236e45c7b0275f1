"""An edited function is compiled again together with what calls it; nothing else is, and nothing stale is ever run."""

import json

import pytest
import toy

from gfplab.engine import cache, image
from gfplab.engine.loader import Loader
from gfplab.engine.subset import KernelBuildError

TEXT = """
LIMIT = 5
@plain
def low(k, a):
    return a + 1
@plain
def high(k, a):
    return low(k, a) * 10
@plain
def apart(k, a):
    return a - LIMIT
@kernel
def calls_high(k, a):
    yield cpu(1)
    return high(k, a)
@kernel
def calls_apart(k, a):
    yield cpu(1)
    return apart(k, a)
@kernel
def main(k, n):
    x = yield from calls_high(k, n)
    y = yield from calls_apart(k, n)
    note(k, x, y)
"""


@pytest.fixture
def compiled(monkeypatch, tmp_path):
    """Names of the functions that are compiled, not loaded; the cache is empty at first."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(cache, "root", lambda: folder)
    monkeypatch.setattr(cache, "folder", lambda: folder)
    monkeypatch.setattr("gfplab.engine.workers.FEW", 1000)
    names, compile_one = [], Loader.compile

    def spy(self, unit, signature, link):
        if link:
            names.append(unit.name)
        return compile_one(self, unit, signature, link)

    monkeypatch.setattr(Loader, "compile", spy)
    return names


def run(folder, text):
    """Notes of the first task's main()."""
    build = toy.model(folder, text).build("compiled")
    sim = toy.start(build, tasks=1)
    sim.run(1 << 60)
    return [row[2:] for row in sim.drain()["notes"].tolist()][-3]


@pytest.mark.slow
def test_an_edit_recompiles_what_depends_on_it(compiled, tmp_path):
    assert run(tmp_path, TEXT) == (20, -4)
    assert {"low", "high", "apart", "calls_high", "calls_apart", "main"} <= set(compiled)

    compiled.clear()
    assert run(tmp_path, TEXT) == (20, -4)
    assert compiled == []

    assert run(tmp_path, TEXT.replace("a + 1", "a + 2")) == (30, -4)
    assert set(compiled) == {"low", "high", "calls_high"}

    compiled.clear()
    assert run(tmp_path, TEXT.replace("LIMIT = 5", "LIMIT = 6")) == (20, -5)
    assert set(compiled) == {"apart", "calls_apart"}

    compiled.clear()
    assert run(tmp_path, TEXT.replace("note(k, x, y)", "note(k, x, y + 1)")) == (20, -3)
    assert set(compiled) == {"main"}

    compiled.clear()
    assert run(tmp_path, "# moved\n" + TEXT + "\n@kernel\ndef unused(k):\n    yield cpu(1)\n") == (20, -4)
    assert set(compiled) == {"unused"}


@pytest.mark.slow
def test_numba_may_keep_its_files_elsewhere(compiled, monkeypatch, tmp_path):
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path / "elsewhere"))
    assert run(tmp_path, TEXT) == (20, -4)
    assert not (tmp_path / "cache" / "__pycache__").exists()
    compiled.clear()
    assert run(tmp_path, TEXT) == (20, -4)
    assert compiled == []


@pytest.mark.slow
def test_a_cache_that_lost_files_is_repaired(compiled, tmp_path):
    assert run(tmp_path, TEXT) == (20, -4)
    for f in [*(tmp_path / "cache" / "__pycache__").glob("calls_high*.nbc"), *images(tmp_path)]:
        f.unlink()
    assert run(tmp_path, TEXT) == (20, -4)
    assert len(images(tmp_path)) == 1


def images(folder):
    return list((folder / "cache").glob("image_*"))


@pytest.fixture
def loaded(monkeypatch):
    """Entries that go through numba, compiled or from its cache."""
    names, load = [], Loader.load

    def spy(self, entry):
        names.append(entry)
        return load(self, entry)

    monkeypatch.setattr(Loader, "load", spy)
    return names


@pytest.mark.slow
def test_a_warm_start_compiles_nothing_and_loads_no_step_function_through_numba(compiled, loaded, tmp_path):
    assert run(tmp_path, TEXT) == (20, -4)
    assert {"calls_high__step", "main__step", "run__door"} <= set(loaded)
    compiled.clear()
    loaded.clear()
    assert run(tmp_path, TEXT) == (20, -4)
    assert compiled == []
    assert set(loaded) == {"begin__door", "run__door"}  # what Python calls


@pytest.mark.slow
def test_each_text_has_an_image_of_its_own(compiled, loaded, tmp_path):
    """An edit never meets the image of its past, and going back finds it again."""
    edited = TEXT.replace("a + 1", "a + 2")
    assert run(tmp_path, TEXT) == (20, -4)
    assert run(tmp_path, edited) == (30, -4)
    assert len(images(tmp_path)) == 2
    loaded.clear()
    assert run(tmp_path, TEXT) == (20, -4)
    assert run(tmp_path, edited) == (30, -4)
    assert set(loaded) == {"begin__door", "run__door"}  # what Python calls


@pytest.mark.slow
@pytest.mark.parametrize("keep", [0, 3, 0.5, -1])
def test_half_an_image_is_written_again(compiled, tmp_path, keep):
    assert run(tmp_path, TEXT) == (20, -4)
    [path] = images(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
    compiled.clear()
    assert run(tmp_path, TEXT) == (20, -4)
    assert compiled == []
    assert path.read_bytes() == whole


def test_an_image_that_is_not_there_is_no_image(tmp_path):
    assert image.addresses(tmp_path / "image_0.bin") is None


@pytest.mark.slow
def test_workers_compile_in_parallel_and_tell_how_far_they_are(compiled, monkeypatch, tmp_path):
    monkeypatch.setattr("gfplab.engine.workers.FEW", 1)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1}, raising=False)
    heard = []
    build = toy.model(tmp_path, TEXT).build("compiled", progress=lambda *how_far: heard.append(how_far))
    sim = toy.start(build, tasks=1)
    sim.run(1 << 60)
    assert [row[2:] for row in sim.drain()["notes"].tolist()][-3] == (20, -4)
    done, total, _ = zip(*heard, strict=True)
    assert list(done) == sorted(done) and done[-1] == total[-1] == len(heard)


def test_the_cache_is_where_the_user_wants_it(monkeypatch, tmp_path):
    for name, value, place in (
        ("GFPLAB_CACHE_DIR", tmp_path / "here", tmp_path / "here"),
        ("XDG_CACHE_HOME", tmp_path / "xdg", tmp_path / "xdg" / "gfplab"),
    ):
        monkeypatch.delenv("GFPLAB_CACHE_DIR", raising=False)
        monkeypatch.setenv(name, str(value))
        assert cache.root.__wrapped__() == place
        assert cache.folder.__wrapped__().parent in (cache.root(), place)


def test_a_file_in_the_cache_is_written_once_and_whole(tmp_path):
    cache.write(tmp_path / "a.json", "[1]")
    cache.write(tmp_path / "a.json", "[2]")
    assert json.loads((tmp_path / "a.json").read_text()) == [1]
    assert [f.name for f in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.slow
def test_what_numba_refuses_is_told_with_the_line_of_the_source(compiled, monkeypatch, tmp_path):
    monkeypatch.setattr("gfplab.engine.rewrite.Rewrite.wrap", lambda self, value, local: value)
    monkeypatch.setattr("gfplab.engine.checks.Check.literal", lambda self, e: None)
    text = "@kernel\ndef main(k, n):\n    yield cpu(1)\n    x = n + 1\n    yield cpu(x *\n        1.5)\n"
    with pytest.raises(
        KernelBuildError, match=r"case.py:5: numba cannot compile main\(\): kernel code stores int64 only, got float64"
    ):
        toy.model(tmp_path, text).build("compiled")


@pytest.mark.slow
def test_what_a_step_function_of_an_image_raises_is_the_same(compiled, loaded, tmp_path):
    text = "@kernel\ndef main(k, n):\n    yield cpu(1)\n    note(k, k.links[n + 1000], 0)\n"
    said = []
    for _run in range(2):
        loaded.clear()
        sim = toy.start(toy.model(tmp_path, text).build("compiled", check=True), tasks=1)
        with pytest.raises(IndexError, match="case.py:4: .*out of range") as error:
            sim.run(1 << 60)
        said.append((str(error.value), error.value.__notes__))
    assert said[0] == said[1]
    assert not any(entry.endswith("__step") for entry in loaded)
