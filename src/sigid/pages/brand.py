"""How a tenant's pages look: its name, its logo, one colour. The layout and all other colours are SigID's.

The colour is one rule in a stylesheet of the tenant's own, loaded after `tokens.css`; CSS keeps its hue and chroma and
moves its lightness until the contrast holds. The stylesheet's address carries a version, so it may be cached for ever.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """What a page shows of the tenant. Addresses of logos are our own: we clean and re-serve them."""

    name: str
    slug: str
    logo_url: str | None = None
    logo_dark_url: str | None = None
    colour: str | None = None
    version: str = "0"
    policy_uri: str | None = None
    tos_uri: str | None = None
    support_uri: str | None = None

    @property
    def stylesheet_url(self) -> str | None:
        """Where the tenant's colour is; None for one that set none."""
        if not self.colour or not self.slug:
            return None
        return f"/brand/{quote(self.slug, safe='')}/{quote(self.version, safe='')}.css"


SIGID = Brand(name="SigID", slug="")  # pages that belong to no tenant


def brand_css(colour: str) -> str:
    """The tenant's stylesheet. Raises ValueError for anything but `#rrggbb`."""
    if not _COLOUR.fullmatch(colour):
        raise ValueError("a brand's colour is written #rrggbb")
    return f":root {{ --brand: {colour.lower()} }}\n"
