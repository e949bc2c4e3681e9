"""What every refusal is held to."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.errors import EdgewiseError

# Names that a user never wrote.
INTERNAL = re.compile(r"Traced|Recorded|Dual\b|Batched|Keeper|\bNode\b|NoneType|<locals>|\b_\w+\(|site-packages")
Refused = Callable[[Callable[[], Any], type[EdgewiseError], str], EdgewiseError]


@pytest.fixture
def refused() -> Refused:
    """Call a lambda that must be refused: by this class, in these words, at its own line, and completely."""

    def check(call: Callable[[], Any], kind: type[EdgewiseError], words: str) -> EdgewiseError:
        with pytest.raises(kind, match=re.escape(words)) as caught:
            call()
        error = caught.value
        assert type(error) is kind
        code = call.__code__
        assert error.where.rpartition("/")[2] == f"{Path(code.co_filename).name}:{code.co_firstlineno}"
        assert error.why, error
        assert error.instead, error
        assert not INTERNAL.search(str(error)), error
        assert str(error).splitlines()[0] == f"{error.where}: {error.what}"
        return error

    return check
