"""The files that pages load: styles, font, script, and each tenant's colour."""

from sigid import tenants
from sigid.kernel import callers
from sigid.kernel.database import look
from sigid.kernel.errors import Refused
from sigid.kernel.web import NOSNIFF, Request, Response
from sigid.pages.assets import assets
from sigid.pages.brand import brand_css

_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")


async def static(request: Request) -> Response:
    """A file that was there when the process started; its address changes when it does."""
    asset = assets().get(request.path.removeprefix("/static/"))
    if asset is None:
        raise Refused("not_found", "no_such_file", "There is nothing at this address.", status=404)
    return Response(200, asset.body, [(b"content-type", asset.media_type.encode()), _FOR_EVER, NOSNIFF])


async def brand(request: Request) -> Response:
    """A tenant's stylesheet: one rule."""
    async with look(callers.anyone(request.origin)) as tx:
        tenant = await tenants.by_slug(tx, request.params["slug"])
    colour = tenant.branding.get("colour") if tenant is not None else None
    if not colour:
        raise Refused("not_found", "tenant_without_colour", "There is nothing at this address.", status=404)
    return Response(
        200, brand_css(colour).encode(), [(b"content-type", b"text/css; charset=utf-8"), _FOR_EVER, NOSNIFF]
    )
