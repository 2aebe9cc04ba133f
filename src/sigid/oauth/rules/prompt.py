"""`prompt` and `max_age` (OpenID Connect Core section 3.1.2.1, Initiating User Registration 1.0).

Refuses: `none` together with anything else, an unknown prompt, a `max_age` that is not a number of seconds.
"""

import re
from typing import Final

from sigid.kernel.errors import InvalidRequest

OFFERED: Final = ("none", "login", "consent", "select_account", "create")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def check(sent: str | None) -> frozenset[str]:
    """The prompts asked for. Raises InvalidRequest."""
    prompts = frozenset((sent or "").split(" ")) - {""}
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequest("prompt_none_with_others", "prompt=none must stand alone.")
    if not prompts <= set(OFFERED):
        raise InvalidRequest("prompt_unknown", "prompt names one that is not offered.")
    return prompts


def check_max_age(sent: str | None) -> int | None:
    """The seconds asked for. Raises InvalidRequest."""
    if sent is None:
        return None
    if _SECONDS.fullmatch(sent) is None:
        raise InvalidRequest("max_age_malformed", "max_age must be a number of seconds.")
    return int(sent)
