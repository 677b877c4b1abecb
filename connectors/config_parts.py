"""What sections of `candor.toml` are made of: strict values, and a section that refuses keys it does not know."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StrictBool, StrictFloat, StrictInt, StrictStr

from connectors import config_values as values

Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Column = Annotated[StrictStr, AfterValidator(values.column)]
Number = StrictInt | StrictFloat


class Part(BaseModel):
    """A section: no key but those declared."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), allow_inf_nan=False)
