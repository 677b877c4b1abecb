"""A look at the sources that costs next to nothing: names, sizes and times of files, never their content."""

from __future__ import annotations

import hashlib
import os

from connectors.base import connector
from connectors.config import Config, ModelConfig
from connectors.files import FileConnector


def look(config: Config, model: ModelConfig) -> str | None:
    """A digest of what a model's sources hold now: equal digests, nothing new. None where a source can only be asked.

    Raises
    ------
    CandorError
        A source is gone, or its configuration is wrong; the sentence is the one that `candor ingest` would say.
    """
    digest = hashlib.blake2b(digest_size=16)
    places: list[str] = []
    for source in model.sources:
        made = connector(config, model, source)
        if not isinstance(made, FileConnector):
            return None
        places += [str(path) for path in made.paths()]
    if model.alerts.gateway is not None:
        places.append(str(config.folder / model.alerts.gateway))
    for place in places:
        try:
            status = os.stat(place)
            state = (status.st_size, status.st_mtime_ns, status.st_ino)
        except OSError:  # it went away between the listing and now: the next look says so if it stays away
            state = (-1, -1, -1)
        digest.update(repr((place, *state)).encode())
    return digest.hexdigest()
