# ruff: noqa: RUF001  (letters that look alike are what this is about)
"""The name that a client gives itself (RFC 7591 section 5; Unicode Technical Standard 39, confusable detection).

Refuses: a name that a person could read as SigID itself or as the tenant: whoever consents must not believe that they
talk to one of these. Other names are shown as what they are, a registered client's own words.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

from sigid.applications import InvalidMetadata

_OURS: Final = "sigid"
# What an installation calls parts of itself; `SigID Demo Shop` is somebody's shop.
_PARTS: Final = (
    "", "account", "accounts", "admin", "administrator", "cli", "dashboard", "identity", "inc", "login", "official",
    "portal", "secure", "security", "signin", "signup", "sso", "support", "team", "verification",
)  # fmt: skip

# What looks like a Latin letter, and which: Cyrillic, Greek, other Latin, digits and marks. `i`, `l` and `1` are one.
_PAIRS: Final = (
    "аa вb сc ԁd еe ёe ғf ɡg һh іi їi ӏi јj кk мm нh оo рp ԛq ѕs тt уy ԝw хx "
    "αa βb γy εe ηn ιi κk νv οo ρp σo τt υu χx ωw ϲc ϳj "
    "ıi ɩi ɪi ǀi łi øo đd ħh ŧt ɑa ɢg ɴn ʀr ʏy "
    "0o 1i 3e 4a 5s 8b li |i !i $s @a €e"
)
_LOOKALIKES: Final = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})


def check(name: str, tenant_names: Iterable[str]) -> None:
    """Raises InvalidMetadata where the name passes for SigID's or the tenant's."""
    seen = skeleton(name)
    taken = {skeleton(_OURS + part) for part in _PARTS} | {skeleton(tenant) for tenant in tenant_names}
    if seen in taken:
        raise InvalidMetadata("/client_name", "client_name_lookalike", "client_name is somebody else's name.")


def skeleton(name: str) -> str:
    """What is left of a name for the eye: no case, accents, blanks or marks, one letter for all that look alike."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(mark for mark in plain if not unicodedata.combining(mark))
    return "".join(mark for mark in letters.translate(_LOOKALIKES) if mark.isalnum())
