"""Applications: the OAuth clients of a tenant.

`find` answers who a client id is, with each request anew; `create`, `update`, `suspend`, `reactivate`, `delete` and the
secrets' `add_secret`, `delete_secret` change one, under rules that hold whoever asks (`metadata`, `redirect_uris`).
`initial_access` tokens let clients register by themselves. `standing` is the table that others join to see, in the
read that decides, whether an application is active.
"""

from sigid.applications import initial_access, key_sets, secrets
from sigid.applications.application import (
    AUTH_METHODS,
    GRANT_TYPES,
    RESPONSE_ALGORITHMS,
    SECRET_METHODS,
    TYPES,
    Application,
)
from sigid.applications.applications import (
    REGISTRATION_PREFIX,
    SETTINGS,
    Made,
    add_secret,
    create,
    defaults,
    delete,
    delete_secret,
    reactivate,
    replace_registration_token,
    suspend,
    update,
)
from sigid.applications.failures import (
    ClientIdTaken,
    InvalidMetadata,
    InvalidRedirectUri,
    StaleApplication,
    TooManySecrets,
)
from sigid.applications.finding import (
    Found,
    by_client_id,
    by_id,
    by_name,
    find,
    note_use,
    origin_is_registered,
    page,
)
from sigid.applications.key_sets import ClientKey, InvalidKeySet, KeySet
from sigid.applications.tables import application as standing

__all__ = [
    "AUTH_METHODS",
    "GRANT_TYPES",
    "REGISTRATION_PREFIX",
    "RESPONSE_ALGORITHMS",
    "SECRET_METHODS",
    "SETTINGS",
    "TYPES",
    "Application",
    "ClientIdTaken",
    "ClientKey",
    "Found",
    "InvalidKeySet",
    "InvalidMetadata",
    "InvalidRedirectUri",
    "KeySet",
    "Made",
    "StaleApplication",
    "TooManySecrets",
    "add_secret",
    "by_client_id",
    "by_id",
    "by_name",
    "create",
    "defaults",
    "delete",
    "delete_secret",
    "find",
    "initial_access",
    "key_sets",
    "note_use",
    "origin_is_registered",
    "page",
    "reactivate",
    "replace_registration_token",
    "secrets",
    "standing",
    "suspend",
    "update",
]
