"""The parts of a table may be compressed, and so may be a file that is larger than memory."""

import hashlib
import json

import pytest
from compressing import FORMATS
from parted import cut, records

from em_impute.options import Request
from em_impute.pipeline import memory

PACKED = [FORMATS[name] for name in ("bz2", "xz", "zstd")]


def compress_all(folder):
    """Compress each part in another way; give their names."""
    for path, form in zip(sorted(folder.iterdir()), PACKED, strict=True):
        path.with_name(path.name + form.suffix).write_bytes(form.compress(path.read_bytes()))
        path.unlink()
    return sorted(path.name for path in folder.iterdir())


def test_parts_may_be_compressed_each_in_its_way(call, tmp_path):
    rows = list(records(450, 1))
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    for folder in (plain, packed):
        folder.mkdir()
        cut(folder, rows, [150, 300, 450])
    names = compress_all(packed)
    for folder in (plain, packed):
        more = ("-c", "g", "-o", f"{folder}-filled", "-qq", "-r", f"{folder}.json")
        code, _, err = call("fill", *sorted(map(str, folder.iterdir())), *more)
        assert code == 0, err
    code, _, err = call("fill", str(packed / names[0]), "-c", "g", "--backend", "serial", "-qq", "--no-report")
    assert code == 0, err
    report = json.loads((tmp_path / "packed.json").read_text(encoding="utf-8"))

    for name, form in zip(names, PACKED, strict=True):
        filled = form.decompress((tmp_path / "packed-filled" / name).read_bytes())
        assert filled == (tmp_path / "plain-filled" / name.removesuffix(form.suffix)).read_bytes()
    assert [one["compression"] for one in report["parts"]["files"]] == ["bz2", "xz", "zstd"]
    assert [one["sha256"] for one in report["parts"]["files"]] == [
        hashlib.sha256((packed / name).read_bytes()).hexdigest() for name in names
    ]
    assert {path.name for path in packed.iterdir()} - set(names) == {"part-0.filled.csv.bz2"}


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
