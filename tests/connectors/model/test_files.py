"""Which file, that it is there, and that it is no pickle, whatever it is called or packed in; and the folders of MLflow."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import pickle
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.config import ModelConfig
from connectors.model import ModelError, open_model
from connectors.model_config import ModelFile
from connectors.model_files import content_of, path_of
from connectors.model_formats.mlflow_folder import inside

Configured = Callable[..., ModelConfig]


class Hostile:
    """What a pickle of it does when it is read: it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes, "gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zlib": zlib.compress,
    "lzma": lambda raw: lzma.compress(raw, format=lzma.FORMAT_ALONE),
}  # fmt: skip


@pytest.mark.parametrize("format", ["lightgbm", "xgboost", "onnx", "skops"])
def test_a_pickle_is_refused_whatever_its_name_and_runs_nothing(format: str, config: Configured, tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    name = {"lightgbm": "model.txt", "xgboost": "model.json", "onnx": "model.onnx", "skops": "model.skops"}[format]
    (tmp_path / name).write_bytes(pickle.dumps(Hostile(mark)))
    with (
        pytest.raises(ModelError, match=r"this is a pickle, and reading a pickle runs whatever is in it.*skops\.io\.dump") as caught,
        open_model(config(format, tmp_path / name)),
    ):
        pass
    assert "\n" not in str(caught.value)
    assert not mark.exists()


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("packing", PACKED)
def test_every_protocol_and_packing(protocol: int, packing: str, tmp_path: Path) -> None:
    path = tmp_path / "model.txt"
    path.write_bytes(PACKED[packing](pickle.dumps(Hostile(tmp_path / "mark"), protocol=protocol)))
    with pytest.raises(ModelError, match="this is a pickle"):
        content_of(path, 1_000_000)


def test_joblib_and_torch(tmp_path: Path) -> None:
    import joblib

    for compress in (0, 3, ("xz", 3)):
        joblib.dump({"a": [1.0]}, tmp_path / "model.bin", compress=compress)
        with pytest.raises(ModelError, match="this is a pickle"):
            content_of(tmp_path / "model.bin", 1_000_000)
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([1]))
    with pytest.raises(ModelError, match="this is a pickle"):
        content_of(tmp_path / "model.pt", 1_000_000)


def test_formats_that_are_read_are_no_pickles(lightgbm_file: Any, xgboost_file: Any, pipelines: Any, tmp_path: Path) -> None:
    import skops.io

    ubjson, zipped = bytes(xgboost_file[1].save_raw("ubj")), skops.io.dumps(pipelines["logistic"])
    for content in (lightgbm_file[0].read_bytes(), xgboost_file[0].read_bytes(), ubjson, zipped):
        path = tmp_path / "model"
        path.write_bytes(content)
        assert content_of(path, 100_000_000) == content


def test_missing_empty_large_and_folders(tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text("tree")
    with pytest.raises(ModelError, match=r'modle\.txt: there is no such file; did you mean "model\.txt"'):
        content_of(tmp_path / "modle.txt", 10)
    with pytest.raises(ModelError, match="there is no such file"):
        content_of(tmp_path / "nowhere" / "model.txt", 10)
    (tmp_path / "none.txt").touch()
    with pytest.raises(ModelError, match="the file is empty"):
        content_of(tmp_path / "none.txt", 10)
    with pytest.raises(ModelError, match="4e-09 GB are more than the 3e-09 GB that the model may take; raise memory"):
        content_of(tmp_path / "model.txt", 3)
    with pytest.raises(ModelError, match="this is a folder"):
        content_of(tmp_path, 10)


def test_the_file_of_a_version(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    file = ModelFile(format="lightgbm", path=new, version="v2", versions={"v1": old})
    assert [path_of("loans", file, version) for version in (None, "v1", "v2")] == [new, old, new]
    with pytest.raises(ModelError, match=r'models\.loans\.model names no file of version "v3"; valid are: v2, v1'):
        path_of("loans", file, "v3")
    assert path_of("loans", ModelFile(format="lightgbm", path=new), "any") == new


def test_no_model_is_named(config: Configured) -> None:
    with pytest.raises(ModelError, match=r"models\.loans names no model; add a \[models\.loans\.model\]"), open_model(config("surrogate")):
        pass


def mlflow(folder: Path, flavours: str) -> Path:
    (folder / "MLmodel").write_text(f"flavors:\n{flavours}\nmodel_uuid: abc\n")
    return folder


def test_mlflow_folders(tmp_path: Path, config: Configured, lightgbm_file: Any, loans: Any) -> None:
    python = "  python_function:\n    loader_module: mlflow.lightgbm\n    data: model.lgb\n"
    folder = mlflow(tmp_path, f"{python}  lightgbm:\n    data: model.lgb\n    model_class: lightgbm.basic.Booster\n")
    assert inside(folder) == (tmp_path / "model.lgb", "lightgbm")
    assert inside(folder / "MLmodel") == (tmp_path / "model.lgb", "lightgbm")
    (folder / "model.lgb").write_bytes(lightgbm_file[0].read_bytes())
    with open_model(config("mlflow", folder)) as model:
        assert model.names == ("income", "age", "region", "code")
    skops = "  sklearn:\n    pickled_model: model.skops\n    serialization_format: skops\n"
    assert inside(mlflow(tmp_path, skops)) == (tmp_path / "model.skops", "skops")
    assert inside(mlflow(tmp_path, "  onnx:\n    data: model.onnx\n")) == (tmp_path / "model.onnx", "onnx")
    assert inside(mlflow(tmp_path, "  xgboost:\n    data: model.ubj\n")) == (tmp_path / "model.ubj", "xgboost")


@pytest.mark.parametrize(("flavours", "said"), [
    ("  sklearn:\n    pickled_model: model.pkl\n    serialization_format: cloudpickle\n", r"its model model\.pkl is a pickle"),
    ("  lightgbm:\n    data: model.pkl\n", r"its model model\.pkl is a pickle"),
    ("  python_function:\n    python_model: python_model.pkl\n", r"of its flavours \(python_function\) Candor reads lightgbm"),
    ("  lightgbm:\n    data: ../../etc/passwd\n", "lies outside of the folder"),
    ("  - lightgbm\n", "names no flavors"),
    ("  lightgbm: [\n", "this is not YAML"),
    ("  x: !!python/object/apply:os.mkdir [/tmp/x]\n", "this is not YAML"),
])  # fmt: skip
def test_mlflow_folders_that_are_refused(flavours: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=said):
        inside(mlflow(tmp_path, flavours))


def test_a_folder_that_is_none_of_mlflow(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the folder is not one of MLflow"):
        inside(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_might_never_end_is_not_read(kind: str, config: Configured, tmp_path: Path) -> None:
    path = Path("/dev/zero")
    if kind == "pipe":
        path = tmp_path / "model.txt"
        os.mkfifo(path)
    with pytest.raises(ModelError, match="this is no file but a pipe, a socket or a device"), open_model(config("lightgbm", path)):
        pass


def test_a_folder_whose_description_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "MLmodel")
    with pytest.raises(ModelError, match="this is no file"):
        inside(tmp_path)
