"""The parts of a table may be compressed, and so may be a file that is larger than memory."""

import hashlib
import json

import pytest
from compressing import FORMATS
from parted import cut, records

from em_impute.request import Request
from em_impute.scaled import memory
from em_impute.scaled.parts import opened, write

PACKED = [FORMATS[name] for name in ("bz2", "xz", "zstd")]


def compress_all(folder):
    """Compress each part in another way; give their names."""
    for path, form in zip(sorted(folder.iterdir()), PACKED, strict=True):
        path.with_name(path.name + form.suffix).write_bytes(form.compress(path.read_bytes()))
        path.unlink()
    return sorted(path.name for path in folder.iterdir())


def test_parts_may_be_compressed_each_in_its_way(call, tmp_path):
    rows = list(records(900, 1))
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    for folder in (plain, packed):
        folder.mkdir()
        cut(folder, rows, [300, 600, 900])
    names = compress_all(packed)
    for folder in (plain, packed):
        code, _, err = call("fill", *sorted(map(str, folder.iterdir())), "-c", "g", "-o", f"{folder}-filled", "-q")
        assert code == 0, err
    code, _, err = call("fill", str(packed / names[0]), "-c", "g", "--backend", "serial", "-q")
    assert code == 0, err
    report = json.loads((tmp_path / "packed-filled" / "em-impute.report.json").read_text(encoding="utf-8"))

    for name, form in zip(names, PACKED, strict=True):
        filled = form.decompress((tmp_path / "packed-filled" / name).read_bytes())
        assert filled == (tmp_path / "plain-filled" / name.removesuffix(form.suffix)).read_bytes()
    assert [one["compression"] for one in report["parts"]["files"]] == ["bz2", "xz", "zstd"]
    assert [one["sha256"] for one in report["parts"]["files"]] == [
        hashlib.sha256((packed / name).read_bytes()).hexdigest() for name in names
    ]
    assert sorted(path.name for path in packed.iterdir() if path.name not in names) == [
        "part-0.filled.csv.bz2",
        *(["part-0.report.html"] if (packed / "part-0.report.html").exists() else []),
        "part-0.report.json",
    ]


@pytest.mark.parametrize("form", [FORMATS["gzip"], FORMATS["zstd"]])
def test_the_memory_a_compressed_file_takes_is_that_of_its_data(tmp_path, monkeypatch, form):
    monkeypatch.setattr(memory, "ENOUGH_BYTES", 3 << 20)
    data = ("id,g,x,y,c\n" + "".join(records(150_000, 2))).encode()
    (tmp_path / "plain.csv").write_bytes(data)
    (tmp_path / "packed.csv").write_bytes(form.compress(data))
    request = Request(path=None, columns=("g",))
    plain, packed = (memory.needed_bytes(tmp_path / name, request, 1) for name in ("plain.csv", "packed.csv"))

    assert packed == pytest.approx(plain, rel=0.1)
    assert memory.needed_bytes(tmp_path / "packed.csv", request, 110 << 20) > 110 << 20


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_a_part_at_an_address_is_compressed_as_one_on_this_machine(form):
    fsspec = pytest.importorskip("fsspec")
    packed = form.compress(b"g,x\na,1\n")
    fsspec.filesystem("memory").pipe(f"/packed/a.csv{form.suffix}", packed)

    with opened(f"memory://packed/a.csv{form.suffix}") as source:
        assert source.file.read() == b"g,x\na,1\n"
        assert (source.compression, source.original_size) == (form.name, len(packed))
    written = write(f"memory://packed/out.csv{form.suffix}", [b"g,x\n", b"a,1\n"])
    found = fsspec.filesystem("memory").cat(f"/packed/out.csv{form.suffix}")
    fsspec.filesystem("memory").rm("/packed", recursive=True)

    assert form.decompress(found) == b"g,x\na,1\n"
    assert (written.bytes, written.sha256) == (len(found), hashlib.sha256(found).hexdigest())


def test_workers_decompress_and_compress_their_parts_themselves(run, tmp_path):
    pytest.importorskip("distributed")
    folder = tmp_path / "parts"
    folder.mkdir()
    cut(folder, list(records(900, 1)), [300, 600, 900])
    names = compress_all(folder)
    options = ["-c", "g", "--single", "-q", "--no-report"]
    for backend in ("serial", "dask"):
        result = run("fill", *(f"parts/{name}" for name in names), *options, "--backend", backend, "-o", f"{backend}/")
        assert (result.returncode, result.stderr) == (0, b"")

    for name in names:
        assert (tmp_path / "dask" / name).read_bytes() == (tmp_path / "serial" / name).read_bytes()
