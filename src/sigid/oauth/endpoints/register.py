"""Dynamic client registration (RFC 7591) and its management (RFC 7592).

The initial access token chooses the tenant. It, spent or not, is the caller of an `Idempotency-Key`, so that a retry
finds its answer before the token is judged; for a change or a deletion it is the registration access token. That one is
replaced by every change (RFC 7592 section 3), and reading shows it again to whoever has it.
"""

from functools import partial
from typing import Final

from sigid import apis, applications, tenants
from sigid.applications import REGISTRATION_PREFIX, Application, Found, InvalidMetadata, initial_access, secrets
from sigid.kernel import callers, idempotency, throttles
from sigid.kernel.callers import Actor, Caller
from sigid.kernel.database import change, look
from sigid.kernel.errors import InvalidRequest, InvalidToken
from sigid.kernel.idempotency import Key, Recorder
from sigid.kernel.ids import TenantId
from sigid.kernel.secrets import Handle, Secret, equal
from sigid.kernel.throttles import Counter
from sigid.kernel.web import NO_STORE, NOSNIFF, Request, Response, json_response
from sigid.oauth import client_addresses, registration
from sigid.oauth.rules import bearer

_JSON: Final = "application/json"
_FREE_FAILURES: Final = 500  # of one network: a token has 256 bits, so this sheds load and no more
_FREE_REGISTRATIONS: Final = 5_000  # by one token


async def create(request: Request) -> Response:
    """RFC 7591 section 3."""
    body = await _body(request)
    handle = initial_access.parse(bearer.of_header(request))
    if handle is None:
        raise await _counted(request, InvalidToken("initial_access_malformed"))
    caller = callers.in_tenant(initial_access.tenant_of(handle), callers.ANONYMOUS, request.origin)
    key = _key(request, handle, body)

    async def answer(recorder: Recorder) -> Response:
        return await _register(request, caller, handle, body, recorder)

    try:
        return await idempotency.once(caller, key, answer)
    except InvalidToken as refused:
        counted = await _counted(request, refused)
        # Another process may just have spent the token for the same key: then that is the answer.
        return await idempotency.once(caller, key, partial(_refuse, counted))


async def manage(request: Request) -> Response:
    """RFC 7592 section 2."""
    body = await _body(request) if request.method == "PUT" else b""
    handle = Handle.parse(REGISTRATION_PREFIX, bearer.of_header(request))
    if handle is None:
        raise await _counted(request, InvalidToken("registration_token_malformed"))
    caller = callers.in_tenant(TenantId(handle.owner("ten")), callers.ANONYMOUS, request.origin)
    work = {"PUT": _replace, "DELETE": _delete}.get(request.method, _read)
    key = _key(request, handle, body) if work is not _read else None

    async def answer(recorder: Recorder) -> Response:
        return await work(request, caller, handle, body, recorder)

    try:
        return await idempotency.once(caller, key, answer)
    except InvalidToken as error:
        raise await _counted(request, error) from None


async def _register(request: Request, caller: Caller, handle: Handle, body: bytes, recorder: Recorder) -> Response:
    """Check everything, fetch what is to be fetched, then spend and make."""
    async with look(caller) as tx:
        token = await initial_access.find(tx, handle)
        if token is None:
            raise InvalidToken("initial_access_unknown")
        tenant = await tenants.own(tx)
        if not tenant.active:
            raise InvalidToken("tenant_not_active")
        catalogue = await apis.catalogue(tx, tenant, request.issuer)
        reason = token.refusal(tx.now)
    if reason is not None:
        raise InvalidToken(reason)
    request.tenant_id = tenant.id  # type: ignore[attr-defined]
    await throttles.count(caller, [Counter.of(_FREE_REGISTRATIONS, "registrations", token.id)])
    wanted = registration.wanted(registration.parse(body), tenant, catalogue, token.policy)
    await client_addresses.check(wanted.settings, wanted.sector_identifier_uri)
    async with change(caller.acting_as(Actor("anonymous", token.id))) as tx:
        await initial_access.spend(tx, handle)
        made = await applications.create(
            tx, type=wanted.type, name=wanted.name, registered=True, registration_token=True, **wanted.settings
        )
        if made.registration_token is None:
            raise RuntimeError("a registered client got no registration token")
        told = registration.told(made.application, tenant, request.issuer, made.registration_token, made.secret)
        return await recorder.keep(tx, json_response(told, 201))


async def _read(request: Request, caller: Caller, handle: Handle, _body: bytes, _recorder: Recorder) -> Response:
    """Section 2.1. The token that was shown is told again: we do not know it otherwise."""
    found = await _found(request, caller, handle)
    return json_response(registration.told(found.application, found.tenant, request.issuer, handle))


async def _replace(request: Request, caller: Caller, handle: Handle, body: bytes, recorder: Recorder) -> Response:
    """Section 2.2: what is not said is no longer so."""
    found = await _found(request, caller, handle)
    async with look(caller) as tx:
        catalogue = await apis.catalogue(tx, found.tenant, request.issuer)
        now = tx.now
    sent = registration.parse(body)
    wanted = registration.replaced(sent, found.application, found.tenant, catalogue)
    secret = Secret(str(sent["client_secret"])) if "client_secret" in sent else None
    if secret is not None and not secrets.match(found.application.secrets, secret.reveal(), now):
        raise InvalidMetadata("/client_secret", "registration_secret_differs", "client_secret is not the client's.")
    await client_addresses.check(wanted.settings, wanted.sector_identifier_uri)
    async with change(_as_client(caller, found.application)) as tx:
        new = await applications.update(tx, found.application, name=wanted.name, **wanted.settings)
        new, token = await applications.replace_registration_token(tx, new)
        told = registration.told(new, found.tenant, request.issuer, token, secret)
        return await recorder.keep(tx, json_response(told))


async def _delete(request: Request, caller: Caller, handle: Handle, _body: bytes, recorder: Recorder) -> Response:
    """Section 2.3. What the client was given dies by its absence."""
    found = await _found(request, caller, handle)
    async with change(_as_client(caller, found.application)) as tx:
        if not await applications.delete(tx, found.application):
            raise InvalidToken("registration_token_unknown")
        return await recorder.keep(tx, Response(204, b"", [NO_STORE, NOSNIFF]))


async def _found(request: Request, caller: Caller, handle: Handle) -> Found:
    """The client of the address, if the token is its own. Raises InvalidToken, whatever is wrong (section 3)."""
    async with look(caller) as tx:
        found = await applications.by_client_id(tx, request.params["client_id"])
    digest = found.application.registration_token_digest if found is not None else None
    if found is None or digest is None or not equal(digest, handle.digest):
        raise InvalidToken("registration_token_not_of_this_client")
    request.tenant_id, request.client_id = found.tenant.id, found.application.client_id  # type: ignore[attr-defined]
    if not found.active:
        raise InvalidToken("client_not_active")
    return found


def _as_client(caller: Caller, application: Application) -> Caller:
    return caller.acting_as(Actor("service", application.id))


async def _body(request: Request) -> bytes:
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise InvalidRequest("registration_not_json", f"The body must be {_JSON}.", status=415)
    return await request.body(registration.LARGEST)


def _key(request: Request, handle: Handle, body: bytes) -> Key | None:
    text = idempotency.parse(request.header("idempotency-key"))
    if text is None:
        return None
    return Key(text, f"registration by {handle.digest.hex()}", request.method, request.path, body)


async def _refuse(refused: InvalidToken, _: Recorder) -> Response:
    raise refused


async def _counted(request: Request, refused: InvalidToken) -> InvalidToken:
    """Tokens are tried here by nobody in particular: each network has so many failures. Raises Throttled."""
    counter = Counter.of(_FREE_FAILURES, "registration tokens", throttles.network(request.origin.ip))
    await throttles.count(callers.anyone(request.origin), [counter])
    return refused
