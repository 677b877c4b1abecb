"""A model that hangs, eats, breaks or breaks out: held, told in one sentence, and whoever asked goes on."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from connectors import model_opening
from connectors.config import Columns, ModelConfig
from connectors.model import LoadedModel, ModelError
from connectors.model_config import ModelFile
from connectors.model_opening import Process
from connectors.sandbox import Sandbox

HERE = Path(__file__).parent
CRIMES = (
    "socket", "fork", "program", "file", "secret", "checkout", "listing", "mode", "remove", "kill", "limits", "python socket",
    "python program", "python secret", "environment", "arguments", "overwrite",
)  # fmt: skip
READING = {"secret", "checkout", "listing", "python secret", "environment", "arguments"}
"""Held by Landlock alone: where the kernel has none, whoever reads docs/models.md knows that these may go through."""
ROWS = pa.table({"x": np.arange(40.0) / 40})
Opening = Callable[..., "contextmanager[LoadedModel]"]


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> Opening:
    """`open_model` of a model that does what it is told, within so many seconds and bytes."""

    def start(loader: str, *, memory: int) -> Sandbox:
        return Sandbox("hostile", memory=memory, folders=[HERE])

    monkeypatch.setattr(model_opening, "Sandbox", start)

    @contextmanager
    def opened(what: str, seconds: float = 20.0, memory: int = 500_000_000) -> Iterator[LoadedModel]:
        file = ModelFile(format="lightgbm", timeout=timedelta(seconds=seconds), memory=memory)
        process = Process("", what.encode(), file)
        try:
            yield LoadedModel(process, ModelConfig(name="m", title="M", columns=Columns(), model=file), "model.txt", ["x"])
        finally:
            process.close()

    return opened


@pytest.fixture(scope="module")
def shared() -> Iterator[Callable[[str], LoadedModel]]:
    """The same in one process for all that do not break it."""
    file = ModelFile(format="lightgbm", memory=500_000_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_opening, "Sandbox", lambda _, memory: Sandbox("hostile", memory=memory, folders=[HERE]))
        process = Process("", b"answer", file)

    def loaded(what: str) -> LoadedModel:
        assert process._sandbox is not None
        process._sandbox.ask({"op": "load", "settings": {}}, what.encode(), seconds=20, most=0)
        return LoadedModel(process, ModelConfig(name="m", title="M", columns=Columns(), model=file), "model.txt", ["x"])

    yield loaded
    process.close()


def test_what_it_answers_comes_back_row_by_row(opening: Opening) -> None:
    with opening("answer") as model:
        assert model.predict(ROWS).tolist() == ROWS.column("x").to_pylist()
        assert model.predict(ROWS.slice(0, 0)).shape == (0,)
        assert model.names == ("x",)
        assert model.trees() is None
        assert model.matrix(ROWS) is None
        process = model._answering.process  # type: ignore[attr-defined]
        os.kill(process, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)  # nothing of it is left


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
@pytest.mark.parametrize("crime", CRIMES)
def test_no_socket_no_program_no_file(crime: str, locked: dict[str, float]) -> None:
    assert locked[crime] == 1.0 or (crime in READING and not _landlock())  # 0: it went through


def _landlock() -> bool:
    """Whether this kernel can close files, asked without the code under test."""
    return sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1) >= 1


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Every crime in one process: crime -> 1.0 where it was refused."""
    file = ModelFile(format="lightgbm", memory=500_000_000)
    out = {}
    sandbox = Sandbox("hostile", memory=file.memory, folders=[HERE])
    assert sandbox.guards == (*(("files",) if _landlock() else ()), "memory", "kernel", "python")  # no guard is claimed that is not there
    from connectors.sandbox_child import from_stream, to_stream

    secret = tmp_path_factory.mktemp("user") / "secret"
    secret.write_text("token")
    for crime in CRIMES:
        sandbox.ask({"op": "load", "settings": {"secret": str(secret)}}, crime.encode(), seconds=20, most=0)
        _, body = sandbox.ask({"op": "predict"}, to_stream(pa.table({"x": [0.0]})), seconds=20, most=10_000)
        out[crime] = from_stream(body).column("0")[0].as_py()
    sandbox.close()
    return out


def test_a_model_that_hangs_is_waited_for_no_longer_than_it_may(opening: Opening) -> None:
    with opening("hang", seconds=0.5) as model:
        began = time.monotonic()
        with pytest.raises(ModelError, match=r"^model.txt: the model did not answer within 0.5 seconds$"):
            model.predict(ROWS)
        assert time.monotonic() - began < 10


def test_a_model_that_hangs_twice_is_not_asked_a_third_time(opening: Opening) -> None:
    with opening("spin", seconds=0.4) as model:
        for _ in range(2):
            with pytest.raises(ModelError, match="within"):
                model.predict(ROWS)
        began = time.monotonic()
        with pytest.raises(ModelError, match="within"):
            model.predict(ROWS)
        assert time.monotonic() - began < 0.2


def test_a_model_that_eats_memory_is_stopped_at_what_it_may_have(opening: Opening) -> None:
    with opening("eat", memory=400_000_000) as model, pytest.raises(ModelError, match=r"wants more than the 0\.4 GB of memory"):
        model.predict(ROWS)


@pytest.mark.parametrize(("what", "said"), [("break", r"broke its process \(SIGABRT\)"), ("leave", "ended without an answer")])
def test_a_process_that_breaks_is_started_once_more_and_then_given_up(what: str, said: str, opening: Opening) -> None:
    with opening(what) as model:
        first = model._answering.process  # type: ignore[attr-defined]
        with pytest.raises(ModelError, match=said):
            model.predict(ROWS)
        assert first is not None
        assert model._answering._starts == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("throw", r"the model failed \(RuntimeError: no such luck\)$"),
        ("refuse", "model.txt: these rows are not to my taste$"),
        ("few", "gave 39 answers for 40 rows"),
        ("wide", "gave 2 numbers a row, and not the 1 it has"),
        ("chance", r"two different answers for the same row \(1 and 2\)"),  # x is 0; the first and the second time it is asked
        ("neighbours", "two different answers for the same row"),
    ],
)
def test_what_it_does_wrong_is_one_sentence(what: str, said: str, shared: Callable[[str], LoadedModel]) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        shared(what).predict(ROWS)
    assert "\n" not in str(caught.value)


def test_an_answer_that_is_no_number_stays_one(shared: Callable[[str], LoadedModel]) -> None:
    answers = shared("some").predict(pa.table({"x": [0.0, 2.0, 1.0]}))
    assert np.isnan(answers).tolist() == [False, True, False]
    assert answers[[0, 2]].tolist() == [0.0, 1.0]


def test_noise_on_the_pipe_is_no_answer(opening: Opening) -> None:
    with opening("flood") as model, pytest.raises(ModelError, match=r"more than it was asked for|cannot be read"):
        model.predict(ROWS)


@pytest.mark.parametrize("what", ["huge body", "huge text", "huge parts", "shout"])
def test_more_than_was_asked_for_is_not_waited_for(what: str, opening: Opening) -> None:
    """40 answers take 320 bytes: 200 kB of them, 256 MB of words, half a GB of trees or a sentence of 20,000 characters are not read."""
    with opening(what, seconds=10) as model:
        began = time.monotonic()
        with pytest.raises(ModelError, match="answered more than it was asked for"):
            model.trees() if what == "huge parts" else model.predict(ROWS)
        assert time.monotonic() - began < 9


def test_a_model_of_endless_outputs_is_refused(opening: Opening) -> None:
    with pytest.raises(ModelError, match=r"has 1,000,000,000 outputs; it may have 10,000"), opening("endless"):
        pass


def test_levels_are_told_in_part(shared: Callable[[str], LoadedModel]) -> None:
    model = shared("talkative")
    assert model.predict(ROWS).shape == (40,)
    assert model.unseen == {"x": (("new" * 34)[:100],)}


@pytest.mark.parametrize(("name", "most"), [("MOST", 400), ("WORDS", 1_100)])
def test_trees_too_big_to_be_told_leave_an_opaque_model(name: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen coefficients take 128 bytes within some 400 of a stream, and their names more than 100 of words."""
    from types import SimpleNamespace

    from connectors import sandbox_child
    from connectors.model_parts import Encoding, Linear, Part

    names = tuple(f"input {i}" for i in range(16))
    encode = Encoding(inputs=names, parts=tuple(Part(input=i, labels=(name,)) for i, name in enumerate(names)))
    opened: Any = SimpleNamespace(parts=lambda: Linear(coefficients=np.ones(16), intercept=0.0, link="logit", encode=encode))
    sent: list[Any] = []
    monkeypatch.setattr(sandbox_child, "_send", lambda _, said, body=b"": sent.append((said["parts"], len(body))))
    sandbox_child._tell_parts(0, opened)
    monkeypatch.setattr(sandbox_child, name, most)
    sandbox_child._tell_parts(0, opened)
    assert sent[0][0] is not None
    assert sent[0][1] > 400
    assert sent[1] == (None, 0)


def test_a_stream_that_grows_when_it_is_read_is_no_answer() -> None:
    """A megabyte of zeros in some kB; two columns in the same bytes; a type that takes no bytes at all."""
    from connectors.model_stream import numbers
    from connectors.sandbox_child import to_stream

    def stream(table: pa.Table, compression: str | None = None) -> bytearray:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
            writer.write_table(table)
        return bytearray(sink.getvalue())

    plain = pa.table({"0": np.zeros(131_072), "1": np.arange(131_072)})
    found = numbers(bytearray(to_stream(plain)))
    assert found is not None
    assert found.equals(plain)
    assert found.nbytes == 2**21
    for compression in ("zstd", "lz4"):
        packed = stream(plain.select(["0"]), compression)
        assert len(packed) < 20_000
        assert numbers(packed) is None
    assert numbers(stream(pa.table({"0": pa.nulls(1_000_000)}))) is None
    assert numbers(stream(pa.table({"0": pa.array(["a"]).dictionary_encode()}))) is None
    assert numbers(bytearray(b"x" * 100)) is None
    assert numbers(bytearray()) is None


@pytest.mark.skipif(sys.platform != "linux", reason="one process sets another's limits on Linux only")
def test_processor_time_grows_with_every_question_and_no_further(shared: Callable[[str], LoadedModel]) -> None:
    import resource

    model = shared("answer")
    process = model._answering.process  # type: ignore[attr-defined]
    held = []
    for _ in range(2):
        model.predict(ROWS)
        held.append(resource.prlimit(process, resource.RLIMIT_CPU))
    (first, hard), (second, still) = held
    assert 0 < first < second
    assert hard == still  # what only root may raise again is left alone


def test_nothing_of_the_surroundings_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.sandbox import _environment

    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("CANDOR_MODEL_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    held = _environment()
    assert not {"HTTPS_PROXY", "CANDOR_MODEL_TOKEN", "PYTHONPATH"} & set(held)
    assert "secret" not in held.values()
