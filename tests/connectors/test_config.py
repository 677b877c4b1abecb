"""candor.toml: what it means, and one sentence for everything that is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.config import Costs, load
from connectors.errors import UsageError
from connectors.model_config import Invariant, ModelFile, Reason, Rule

FULL = """
version = 1
[warehouse]
path = "w/candor.duckdb"
memory_limit = "1.5GB"
[models.loans]
title = "Loan approvals"
task = "binary"
favorable = "yes"
protected = ["sex", { column = "age", edges = [25, 46] }]
segments = ["region"]
features = []
window = "5000 rows"
label_delay = "14d"
owner = "a@example.org"
runbook = "https://example.org"
[models.loans.reference]
until = 2026-02-01
[models.loans.columns]
id = "application_id"
time = "decided_at"
score = "p"
decision = "approved"
outcome = "repaid"
positive = 1
unit = "customer_id"
[models.loans.model]
format = "lightgbm"
path = "model.txt"
monotone = { income = "up" }
[[models.loans.sources]]
kind = "file"
path = "a.csv"
rows = "both"
delimiter = ";"
[[models.loans.sources]]
path = "b.csv"
rows = "outcomes"
name = "late"
[models.loans.policy]
impact_ratio = { min = 0.8, severity = "page", rationale = "29 CFR 1607.4(D)" }
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "candor.toml"
    path.write_text(text)
    return path


def test_a_full_file(tmp_path: Path) -> None:
    config = load(write(tmp_path, FULL))
    model = config.model("loans")
    assert config.warehouse.path == tmp_path.resolve() / "w" / "candor.duckdb"
    assert config.warehouse.memory_bytes == 1_500_000_000
    assert model.attributes == ("sex", "age")
    assert model.protected[1].edges == (25, 46)
    assert (model.favorable, model.positive) == ("yes", 1)
    assert model.features == ()
    assert model.label_delay == timedelta(days=14)
    assert model.reference is not None
    assert model.reference.until == datetime(2026, 2, 1, tzinfo=UTC)
    assert [(s.kind, s.name, s.rows, dict(s.options)) for s in model.sources] == [
        ("file", "a.csv", "both", {"delimiter": ";"}), ("file", "late", "outcomes", {}),
    ]  # fmt: skip
    assert [entry.min for entry in model.policy["impact_ratio"]] == [0.8]
    assert model.unknown == ("", "Unknown")
    assert model.model is not None
    assert model.model.path == tmp_path.resolve() / "model.txt"


def test_defaults(tmp_path: Path) -> None:
    model = load(write(tmp_path, "version = 1\n[models.m]\n")).model("m")
    assert (model.title, model.task, model.favorable, model.positive, model.window, model.features) == ("m", "binary", 1, 1, None, None)


MODEL = "version = 1\n[models.m]\n"
GROUPS = """
version = 1
[models.m]
task = "multiclass"
regimes = ["ecoa", "eu_ai_act"]
protected = [
    { column = "race", reference = "White" },
    { column = "level", reference = 3.0 },
    { column = "heritage", probabilities = { A = "p_a", B = "p_b" }, reference = "B" },
]
[models.m.columns]
score = "s_*_x"
decision = "s_decision_x"
[models.m.costs]
false_positive = 5
true_positive = -1.5
[models.m.policy]
impact_ratio = [
    { min = 0.8, from = 2026-01-01, until = 2026-03-01, source = "29 CFR 1607.4(D)" },
    { min = 0.9, from = 2026-03-01T00:00:00+01:00, severity = "page" },
]
"""


def test_groups_costs_regimes_and_dated_thresholds(tmp_path: Path) -> None:
    text = GROUPS.replace("+01:00", "Z")
    model = load(write(tmp_path, text)).model("m")
    assert (model.favorable, model.positive) == (None, None)
    assert [p.reference for p in model.protected] == ["White", "3", "B"]
    assert model.attributes == ("race", "level")  # nobody's heritage is known
    assert model.imputed is not None
    assert model.imputed.probabilities == {"A": "p_a", "B": "p_b"}
    assert model.regimes == ("ecoa", "eu_ai_act")
    assert model.costs == Costs(false_positive=5.0, true_positive=-1.5)
    first, second = model.policy["impact_ratio"]
    assert (first.min, first.since, first.until) == (0.8, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    assert (first.source, second.source, second.until) == ("29 CFR 1607.4(D)", None, None)
    # the decision looks like a class column and is none; "s__x" leaves nothing for the *
    names = ["candor:row", "s_cat_x", "s_decision_x", "s__x", "t_dog_x", "s_dog_x"]
    assert model.class_columns(names) == {"cat": "s_cat_x", "dog": "s_dog_x"}
    # an hour of both is too much
    with pytest.raises(UsageError, match="in force at once"):
        load(write(tmp_path, GROUPS))


DECLARED = """
version = 1
[models.m]
probes = ["explain", "attacks"]
[models.m.columns]
version = "v"
[models.m.model]
format = "lightgbm"
path = "new.txt"
version = "v2"
versions = { v1 = "old.txt" }
output = "good"
tolerance = 0
timeout = "5s"
memory = "1GB"
immutable = ["age"]
monotone = { income = "up" }
ranges = { debt = [0, 1.5] }
[[models.m.rules]]
name = "more income never hurts"
kind = "monotone"
columns = "income"
change = "+10%"
direction = "up"
[[models.m.invariants]]
name = "minors"
never = "approved = 1 and age < 18"
severity = "page"
[models.m.reasons]
income = "Income too low"
debt = { low = "Too little history", high = "Too much debt" }
"""


def test_what_is_declared_of_the_model(tmp_path: Path) -> None:
    model = load(write(tmp_path, DECLARED)).model("m")
    here = tmp_path.resolve()
    assert model.model == ModelFile(
        format="lightgbm", path=here / "new.txt", version="v2", versions={"v1": here / "old.txt"}, output="good", tolerance=0.0,
        timeout=timedelta(seconds=5), memory=10**9, immutable=("age",), monotone={"income": "up"}, ranges={"debt": (0.0, 1.5)},
    )  # fmt: skip
    assert model.rules == (Rule(name="more income never hurts", kind="monotone", columns=("income",), change="+10%", direction="up"),)
    assert model.invariants == (Invariant(name="minors", never="approved = 1 and age < 18", severity="page"),)
    assert model.reasons == {
        "income": Reason(low="Income too low", high="Income too low"),
        "debt": Reason(low="Too little history", high="Too much debt"),
    }
    assert model.probes == ("explain", "attacks")
    bare = load(write(tmp_path, "version = 1\n[models.m]\n[models.m.model]\nimmutable = ['age']\n")).model("m")
    assert bare.model == ModelFile(immutable=("age",))
    single = load(write(tmp_path, "version = 1\n[models.m]\nprobes = 'explain'\n")).model("m")
    assert single.probes == ("explain",)  # one text is a list of one


RULE = "[[models.m.rules]]\nname = 'r'\ncolumns = ['a']\n"
VERSIONED = "[models.m.columns]\nversion = 'v'\n"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("probes = 'explian'", ["models.m.probes", '"explian"', 'did you mean "explain"?']),
        ("probes = ['explian']", ["models.m.probes", '"explian"', 'did you mean "explain"?']),
        ("[models.m.model]\npath = 'm.txt'", ["models.m.model", "no format"]),
        ("[models.m.model]\nformat = 'lightgmb'\npath = 'm.txt'", ["'lightgmb'", 'did you mean "lightgbm"?']),
        ("[models.m.model]\nformat = 'http'\npath = 'm.txt'", ["needs url"]),
        ("[models.m.model]\nformat = 'http'\nurl = 'ftp://x'", ['"ftp://x"', "http://"]),
        ("[models.m.model]\nformat = 'onnx'\nurl = 'http://x'", ["is a file"]),
        ("[models.m.model]\nformat = 'onnx'\npath = 'm'\nversion = 'v1'", ["columns.version is not mapped"]),
        (VERSIONED + "[models.m.model]\nformat = 'onnx'\npath = 'm'\nversions = { v1 = 'n' }", ["say which one path is"]),
        (VERSIONED + "[models.m.model]\nformat = 'onnx'\npath = 'm'\nversion = 'v1'\nversions = { v1 = 'n' }", ['"v1" has two files']),
        ("[models.m.model]\nimmutable = ['a']\nmonotone = { a = 'up' }", ['"a" is immutable and monotone']),
        ("[models.m.model]\nranges = { a = [2, 1] }", ["ranges.a", "the low end comes first"]),
        ("[models.m.model]\ntimeout = 'soon'", ["timeout", "'soon' is not a duration"]),
        ("[models.m.model]\ntimeout = '0s'", ["timeout", "no model answers in no time"]),
        (RULE + "kind = 'monotone'\nchange = '+1'", ["rules[0]", "needs direction"]),
        (RULE + "kind = 'invariant'\nchange = '+1'\ndirection = 'up'", ["rules[0]", "has no direction"]),
        (RULE + "kind = 'directional'\nchange = '+1'\ndirection = 'up'", ["rules[0]", "needs by"]),
        (RULE + "kind = 'invariant'\nchange = 'a lot'", ["rules.0.change", "a lot"]),
        (2 * (RULE + "kind = 'invariant'\nchange = 'typo'\n"), ["rules", 'two are called "r"']),
        ("[[models.m.invariants]]\nname = 'i'\nnever = 'dose >'", ["invariants.0.never"]),
        ("[models.m.reasons]\na = { low = 'x' }", ["reasons.a.high", "missing"]),
    ],
)
def test_what_is_declared_wrongly_is_refused_in_one_sentence(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        load(write(tmp_path, MODEL + text))
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_binary_score_is_no_pattern(tmp_path: Path) -> None:
    model = load(write(tmp_path, 'version = 1\n[models.m.columns]\nscore = "p_*"\n')).model("m")
    assert model.class_columns(["p_a", "p_b"]) == {}


IMPUTED = '{ column = "r", probabilities = { A = "a", B = "b" } }'
CLOCK = "[models.m.columns]\n"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("version = 2\n[models.m]\n", ["version is 2"]),
        ("[models.m]\n", ['the key "version" is missing']),
        ("version = 1\n[modls.m]\n", ['unknown key "modls"', 'did you mean "models"?']),
        ("version = 1\n[models]\n", ["no models"]),
        ("version = \n", ["not valid TOML", "line 1"]),
        ('version = 1\n[models."a/b"]\n', ["'a/b'", "letters, digits"]),
        ("version = 1\n[models.Loans]\n[models.loans]\n", ["differ only in case"]),
        (MODEL + "protectd = 1", ['unknown key "models.m.protectd"', 'did you mean "protected"?']),
        (MODEL + 'protected = [{ column = "age", edges = [46, 25] }]', ["protected.0.edges", "rising"]),
        (MODEL + "protected = [1]", ["protected.0 is 1", "column name"]),
        (MODEL + 'protected = ["a", "a"]', ['"a" is listed twice']),
        (MODEL + 'window = "2d"', ['"2d" is not a window', "1mo"]),
        (MODEL + 'window = "0 rows"', ["is not a window"]),
        (MODEL + 'window = "1d"', ["no column is mapped to time"]),
        (MODEL + "favorable = [1]", ["favorable is [1]", "one value"]),
        (MODEL + 'task = "binry"', ["task is 'binry'", 'did you mean "binary"?']),
        (MODEL + 'label_delay = "soon"', ["'soon' is not a duration"]),
        (MODEL + CLOCK + 'ouctome = "x"', ['unknown key "models.m.columns.ouctome"', 'did you mean "outcome"?']),
        (MODEL + CLOCK + 'id = ""', ["columns.id", "is empty"]),
        (MODEL + CLOCK + 'id = "a\\u0000b"', ["contains a NUL character"]),
        (MODEL + CLOCK + 'outcome = "x"\nscore = "x"', ['both name "x"']),
        (MODEL + 'features = ["y"]\n' + CLOCK + 'outcome = "y"', ["known only afterwards"]),
        (MODEL + "[models.m.reference]\nuntil = 2026-01-01", ["needs a clock"]),
        (MODEL + "[models.m.reference]\nrows = 5\nversion = 'a'", ["exactly one", "rows, version"]),
        (MODEL + "[models.m.reference]\nuntil = 'soon'\n" + CLOCK + "time = 't'", ['"soon" is not a date']),
        (MODEL + "[[models.m.sources]]\npath = 'a'\nrows = 'bth'", ["rows is 'bth'", 'did you mean "both"?']),
        (MODEL + "[[models.m.sources]]\nkind = 'file'", ["needs a path"]),
        (MODEL + "[[models.m.sources]]\npath = 'a'\nrows = 'outcomes'", ["matched by id"]),
        (MODEL + "[[models.m.sources]]\npath = 'a'\n[[models.m.sources]]\npath = 'a'", ["two sources"]),
        (MODEL + "[models.m.policy]\nimpact_ratio = { mn = 1 }", ['"models.m.policy.impact_ratio.mn"', 'did you mean "min"?']),
        (MODEL + "[models.m.policy]\nimpact_ratio = [{ min = 1 }, { mn = 1 }]", ['"models.m.policy.impact_ratio.1.mn"']),
        (MODEL + "[models.m.policy]\nimpact_ratio = { since = 2026-01-01 }", ['impact_ratio.since"', "valid are: min, max", "from"]),
        (MODEL + "[models.m.policy]\nimpact_ratio = { from = 'soon' }", ["impact_ratio.from", '"soon" is not a date']),
        (MODEL + "[models.m.policy]\nimpact_ratio = { from = 2026-02-01, until = 2026-02-01 }", ["is not after from 2026-02-01"]),
        (MODEL + "[models.m.policy]\nimpact_ratio = [{ min = 1 }, { until = 2026-02-01 }]", ["at once", "the beginning to 2026-02-01"]),
        (MODEL + "[models.m.costs]\nfalse_positiv = 1", ['"models.m.costs.false_positiv"', 'did you mean "false_positive"?']),
        (MODEL + "[models.m.costs]\nfalse_positive = 'dear'", ["models.m.costs.false_positive"]),
        (MODEL + 'task = "regression"\n[models.m.costs]\nfalse_positive = 1', ["models.m.costs", "regression"]),
        (MODEL + 'regimes = ["nyc44"]', ["regimes.0", '"nyc44" is no known rule', 'did you mean "nyc144"?']),
        (MODEL + f'regimes = ["nyc144"]\nprotected = [{IMPUTED}]', ["protected[0].probabilities", "Local Law 144", "no imputed race"]),
        (MODEL + f"protected = [{IMPUTED}, {IMPUTED.replace('r', 'q', 0)}]", ['"r" is listed twice']),
        (MODEL + f'protected = [{IMPUTED}, {{ column = "q", probabilities = {{ A = "c", B = "d" }} }}]', ["protected[1]", '"r" has prob']),
        (MODEL + 'protected = [{ column = "r", probabilities = { A = "a" } }]', ["two levels at least"]),
        (MODEL + 'protected = [{ column = "r", probabilities = { A = "a", B = "a" } }]', ['"a" is named twice']),
        (MODEL + 'protected = [{ column = "r", reference = "C", probabilities = { A = "a", B = "b" } }]', ['reference is "C"', "A, B"]),
        (MODEL + 'protected = [{ column = "r", edges = [1], probabilities = { A = "a", B = "b" } }]', ["either edges or probabilities"]),
        (MODEL + 'protected = [{ column = "r", probabilites = {} }]', ['did you mean "probabilities"?']),
        (MODEL + 'task = "multiclass"\n' + CLOCK + 'score = "p"', ['columns.score is "p"', '"p_*"', "* is the class"]),
        (MODEL + 'task = "multiclass"\n' + CLOCK + 'score = "p_*_*"', ['columns.score is "p_*_*"']),
        (MODEL + 'task = "multiclass"\n' + CLOCK + 'positive = "a"', ["only a binary model has a positive outcome"]),
        (MODEL + CLOCK + 'prediction_low = "a"', ["prediction_low is mapped but prediction_high is not"]),
        (MODEL + CLOCK + 'prediction_low = "a"\nprediction_high = "b"', ["only a regression model has intervals"]),
        (MODEL + "[models.m.model]\nformat = 'onnx'", ["either path or versions"]),
        ("version = 1\n[warehouse]\nmemory_limit = '3'\n[models.m]", ["warehouse.memory_limit", '"3" is not a size']),
        ("version = 1\n[warehouse]\nmemory_limit = '10MB'\n[models.m]", ["too small"]),
        ("version = 1\n[warehouse]\nengine = 'duckdbb'\n[models.m]", ['did you mean "duckdb"?']),
    ],
)
def test_refusals_name_the_file_the_key_and_the_nearest_choice(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_a_missing_file_and_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='no such file; write one with "candor init"'):
        load(tmp_path / "candor.toml")
    with pytest.raises(UsageError, match='did you mean "loans"'):
        load(write(tmp_path, FULL)).model("loan")
