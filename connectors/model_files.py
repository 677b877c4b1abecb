"""The file of a model before anybody reads it: which one it is, its bytes, and that it is no pickle, whatever its name says."""

from __future__ import annotations

import bz2
import io
import lzma
import pickletools
import stat
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from connectors.errors import nearest
from connectors.model_columns import ModelError
from connectors.model_config import ModelFile

_LOOKED_AT = 1 << 16
_OPENERS: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", lambda raw: zlib.decompressobj(31).decompress(raw, _LOOKED_AT)),
    (b"BZh", lambda raw: bz2.BZ2Decompressor().decompress(raw, _LOOKED_AT)),
    (b"\xfd7zXZ", lambda raw: lzma.LZMADecompressor().decompress(raw, _LOOKED_AT)),
    (b"\x5d\x00", lambda raw: lzma.LZMADecompressor().decompress(raw, _LOOKED_AT)),
    (b"\x78", lambda raw: zlib.decompressobj().decompress(raw, _LOOKED_AT)),
    (b"ZF", lambda raw: zlib.decompressobj().decompress(raw[21:], _LOOKED_AT)),  # joblib's own, long ago
)

CONVERT = (
    'write it where it was made with skops.io.dump(model, "model.skops") for scikit-learn, model.booster_.save_model("model.txt") for '
    'LightGBM, model.save_model("model.json") for XGBoost, or as ONNX'
)


def path_of(model_name: str, file: ModelFile, version: str | None) -> Path:
    """The file of one version.

    Raises
    ------
    ModelError
        No file is named for it.
    """
    if version is not None and version in file.versions:
        return file.versions[version]
    if file.path is not None and (version is None or file.version is None or file.version == version):
        return file.path
    named = [*([file.version] if file.version else []), *file.versions]
    if version is None:
        raise ModelError(f"models.{model_name}.model names no file; add path")
    raise ModelError(f'models.{model_name}.model names no file of version "{version}"; {nearest(version, named)}')


def content_of(path: Path, most: int) -> bytes:
    """The bytes of a model's file.

    Raises
    ------
    ModelError
        It is missing, no regular file, larger than the model's memory, or a pickle.
    """
    try:
        if path.is_dir():
            raise ModelError(f"{path}: this is a folder; name the model's file in it" + _mlflow(path))
        held = path.stat()
        if not stat.S_ISREG(held.st_mode):
            raise ModelError(f"{path}: this is no file but a pipe, a socket or a device, and reading it might never end; name a file")
        size = held.st_size
        if size > most:
            raise ModelError(f"{path}: {size / 1e9:.3g} GB are more than the {most / 1e9:.3g} GB that the model may take; raise memory")
        content = path.read_bytes()
    except FileNotFoundError:
        there = sorted(p.name for p in path.parent.iterdir() if p.is_file()) if path.parent.is_dir() else []
        raise ModelError(f"{path}: there is no such file" + (f"; {nearest(path.name, there)}" if there else "")) from None
    except OSError as error:
        raise ModelError(f"{path}: the file cannot be read ({error.strerror or error})") from None
    if not content:
        raise ModelError(f"{path}: the file is empty")
    refuse_pickle(content, path)
    return content


def refuse_pickle(content: bytes, path: Path) -> None:
    """Nothing, where `content` is no pickle, packed or not.

    Raises
    ------
    ModelError
        It is one.
    """
    if _pickled(content) or _packed(content):
        raise ModelError(f"{path}: this is a pickle, and reading a pickle runs whatever is in it, so Candor does not; {CONVERT}")


def _mlflow(folder: Path) -> str:
    return ', or say format = "mlflow"' if (folder / "MLmodel").is_file() else ""


def _pickled(content: bytes) -> bool:
    if content[:1] == b"\x80" and content[1:2] and content[1] <= 5:
        return True
    if content[:1] not in b"(]})cFILNSUV" or content.startswith(b"tree"):  # what older protocols begin with
        return False
    looked = io.BytesIO(content)
    with suppress(Exception):  # nothing is run, opcodes are only named; what cannot be named is no pickle
        return any(opcode.name == "STOP" for opcode, _, _ in pickletools.genops(looked))
    return False


def _packed(content: bytes) -> bool:
    for sign, open_it in _OPENERS:
        if content.startswith(sign):
            with suppress(OSError, EOFError, zlib.error, lzma.LZMAError):
                inside = open_it(content)
                return _pickled(inside) or inside.startswith(b"\x80")
    if content.startswith(b"PK"):
        with suppress(zipfile.BadZipFile, OSError):
            names = zipfile.ZipFile(io.BytesIO(content)).namelist()
            return "schema.json" not in names and any(name.endswith((".pkl", ".pickle", ".joblib")) for name in names)
    return False
