"""What candor.toml says of alarms is read, and refused in one sentence where it cannot be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.alert_config import WEEKLY, Budget
from connectors.config import Config, load
from connectors.errors import UsageError

MODEL = '[models.loans]\n[models.loans.columns]\nversion = "v"\n'


def read(folder: Path, text: str) -> Config:
    path = folder / "candor.toml"
    path.write_text("version = 1\n" + MODEL + text)
    return load(path)


def test_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, "")
    assert config.alerts.budget == WEEKLY
    assert config.alerts.repeat == timedelta(hours=4)
    assert config.alerts.resolve_after == 2
    assert config.watch.every == timedelta(minutes=1)
    assert config.watch.heartbeat is None
    assert config.model("loans").alerts.budget == WEEKLY


def test_everything_is_read(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        """
        [models.loans.alerts]
        budget = "1 per 30d"
        zone = 0.05
        shares = { v1 = 0.9, v2 = 0.1 }
        [alerts]
        budget = "2 per 7d"
        url = "https://candor.example.org/"
        [[alerts.channels]]
        name = "on-call"
        kind = "pagerduty"
        secret_env = "PAGER"
        [[alerts.channels]]
        name = "mail"
        kind = "email"
        url = "smtp://127.0.0.1:2525"
        to = ["a@example.org"]
        from = "b@example.org"
        [alerts.rollback]
        url = "https://deploy.example.org/rollback"
        secret_env = "ROLLBACK"
        [watch]
        every = "10s"
        no_data_after = "6h"
        """,
    )
    assert config.alerts.budget == Budget(count=2, per=timedelta(days=7))
    assert config.alerts.url == "https://candor.example.org"
    pager, mail = config.alerts.channels
    assert pager.severities == ("page",)
    assert pager.url.startswith("https://")
    assert mail.sender == "b@example.org"
    assert config.alerts.rollback is not None
    assert config.alerts.rollback.dry_run
    assert config.watch.every == timedelta(seconds=10)
    assert config.model("loans").alerts.budget == Budget(count=1, per=timedelta(days=30))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[alerts]\nbudget = "often"', 'write "1 per 7d"'),
        ('[alerts]\nbudget = "0 per 7d"', 'write "1 per 7d"'),
        ('[alerts]\nurl = "nowhere"', "http://host:port"),
        ("[alerts]\nbugdet = 1", 'did you mean "budget"?'),
        ('[[alerts.channels]]\nname = "a"\nkind = "pigeon"', "alertmanager"),
        ('[[alerts.channels]]\nname = "a"\nkind = "slack"', "needs a url"),
        ('[[alerts.channels]]\nname = "a"\nkind = "webhook"\nurl = "http://a"', "secret_env"),
        ('[[alerts.channels]]\nname = "a"\nkind = "webhook"\nurl = "http://a"\nsecret_env = "s3cr3t!"', "environment variable"),
        ('[[alerts.channels]]\nname = "a"\nkind = "slack"\nurl = "http://u:p@a"', "holds a password"),
        ('[[alerts.channels]]\nname = "a"\nkind = "slack"\nurl = "http://a"\nmodels = ["laons"]', 'did you mean "loans"?'),
        ('[[alerts.channels]]\nname = "a"\nkind = "email"\nurl = "smtp://a"', 'to = ["..."]'),
        ('[watch]\nevery = "0m"', "watch.every is nothing"),
        ("[models.loans.alerts]\nshares = { a = 0.5, b = 0.4 }", "add up to 0.9"),
        ("[models.loans.alerts]\nzone = 2", "less than 1"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "candor.toml" in str(refused.value)


def test_the_file_s_budget_is_shared_by_the_models_without_one(tmp_path: Path) -> None:
    config = read(tmp_path, '[models.cards]\n[models.rent]\n[models.rent.alerts]\nbudget = "1 per 1d"\n')
    # one a week for everybody, two models share it
    assert config.model("loans").alerts.budget == config.model("cards").alerts.budget == Budget(count=0.5, per=timedelta(days=7))
    assert config.model("rent").alerts.budget == Budget(count=1, per=timedelta(days=1))
