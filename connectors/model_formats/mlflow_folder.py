"""MLflow's folders: the file inside that can be read without running anything, or a sentence that says how to come by one."""

from __future__ import annotations

import importlib
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.model_columns import ModelError
from connectors.model_files import CONVERT

_LARGEST = 1_000_000
_FLAVOURS = {"lightgbm": "lightgbm", "xgboost": "xgboost", "onnx": "onnx", "sklearn": "skops"}


def inside(folder: Path) -> tuple[Path, str]:
    """(the model's file, its format) of a folder that MLflow wrote, or of its MLmodel file.

    Raises
    ------
    ModelError
        It is no such folder, or all it has is pickled.
    """
    folder = folder.parent if folder.name == "MLmodel" else folder
    flavours = _flavours(folder / "MLmodel")
    for flavour, kind in _FLAVOURS.items():
        said = flavours.get(flavour)
        if not isinstance(said, dict):
            continue
        name = said.get("data") or said.get("pickled_model") or said.get("model_data")
        if not isinstance(name, str):
            continue
        if flavour == "sklearn" and said.get("serialization_format") != "skops":
            raise _pickled(folder, name)
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ModelError(f'{folder / "MLmodel"}: its {flavour} model "{name}" lies outside of the folder')
        if path.suffix in (".pkl", ".pickle", ".cloudpickle", ".joblib"):
            raise _pickled(folder, name)
        if path.is_dir():
            raise ModelError(f"{path}: a model of several files is not read; write it as one file")
        return path, kind
    named = ", ".join(sorted(flavours)) or "none"
    raise ModelError(f"{folder}: of its flavours ({named}) Candor reads lightgbm, xgboost, onnx, and sklearn written with skops; {CONVERT}")


def _flavours(path: Path) -> Mapping[str, Any]:
    try:
        held = path.stat()
        if not stat.S_ISREG(held.st_mode):
            raise ModelError(f"{path}: this is no file, so the folder is not one of MLflow")
        if held.st_size > _LARGEST:
            raise ModelError(f"{path}: too large to be a description of a model")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such file, so the folder is not one of MLflow") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: the file cannot be read ({error})") from None
    yaml = importlib.import_module("yaml")
    try:
        said = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ModelError(f"{path}: this is not YAML ({str(error).splitlines()[0][:100]})") from None
    flavours = said.get("flavors") if isinstance(said, dict) else None
    if not isinstance(flavours, dict):
        raise ModelError(f"{path}: it names no flavors")
    return {str(name): each for name, each in flavours.items()}


def _pickled(folder: Path, name: str) -> ModelError:
    return ModelError(f"{folder}: its model {name} is a pickle, and reading a pickle runs whatever is in it, so Candor does not; {CONVERT}")
