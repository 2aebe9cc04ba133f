"""Writes every page to a folder, to be looked at: `python -m tests.pages.gallery FOLDER`."""

import sys
from pathlib import Path

from sigid.pages import brand, render
from sigid.pages.assets import assets
from sigid.pages.i18n import LOCALES
from tests.pages import samples


def write(folder: Path) -> list[Path]:
    """All samples in all languages, with the files that they load beside them."""
    for name, asset in assets().items():
        (folder / "static" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "static" / name).write_bytes(asset.body)
    stylesheet = folder / "brand" / samples.HALDEN.slug / f"{samples.HALDEN.version}.css"
    stylesheet.parent.mkdir(parents=True, exist_ok=True)
    stylesheet.write_text(brand.brand_css(samples.HALDEN.colour or ""))
    written = []
    for locale in LOCALES:
        for name, page in samples.PAGES.items():
            html = render.render(page, locale, brand.SIGID if name.startswith("inbox") else samples.HALDEN).decode()
            path = folder / f"{name}.{locale}.html"
            path.write_text(html.replace('"/static/', '"static/').replace('"/brand/', '"brand/'))
            written.append(path)
    return written


if __name__ == "__main__":
    print(*write(Path(sys.argv[1])), sep="\n")
