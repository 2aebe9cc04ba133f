"""Checkpoints: what the tree was at a moment, signed by a key of the JWKS (a JWS, RFC 7515).

A checkpoint that somebody keeps elsewhere proves later that nothing before it was changed, reordered or cut off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

from sigid.audit.entries import timestamp
from sigid.audit.merkle import Tree
from sigid.kernel.database import Row

TYP: Final = "sigid-audit-checkpoint+jwt"
_ALGORITHMS: Final = ("ES256", "EdDSA", "Ed25519", "RS256", "PS256")

# Signs the claims with the key that signs now; the first argument is the header's `typ`.
Signer = Callable[[str, Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size and root of an owner's log at a moment, and the signature over them."""

    owner: str  # tenant_id or account_id
    owner_id: str
    tree_size: int
    root_hash: str
    sealed_at: str
    jws: str

    @classmethod
    def sign(cls, owner: str, owner_id: str, tree: Tree, sealed_at: datetime, signer: Signer) -> Self:
        """Make and sign the checkpoint of `tree`."""
        unsigned = cls(owner, owner_id, tree.size, tree.root.hex(), timestamp(sealed_at), "")
        return cls(owner, owner_id, tree.size, unsigned.root_hash, unsigned.sealed_at, signer(TYP, unsigned.members))

    @classmethod
    def of_row(cls, owner: str, owner_id: str, row: Row) -> Self:
        """The checkpoint that was stored."""
        return cls(owner, owner_id, row.tree_size, row.root_hash, timestamp(row.sealed_at), row.jws)

    @property
    def members(self) -> dict[str, Any]:
        """What the signature is over."""
        return {
            self.owner: self.owner_id,
            "tree_size": self.tree_size,
            "root_hash": self.root_hash,
            "sealed_at": self.sealed_at,
        }

    def as_json(self) -> dict[str, Any]:
        """As the API and an export show it."""
        return {**self.members, "jws": self.jws}


class Keys:
    """The keys that checkpoints may be signed with, by `kid`, out of a JWK set (RFC 7517 section 5)."""

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        self._keys: dict[str, Key] = {}
        for key in KeySet.import_key_set({"keys": list(jwks["keys"])}).keys:
            kid = key.get("kid")
            if isinstance(key, (RSAKey, ECKey, OKPKey)) and kid is not None:
                self._keys[str(kid)] = key

    def problem(self, signed: str, members: Mapping[str, Any]) -> str | None:
        """What is wrong with the signature `signed` over `members`; None when it is good."""
        try:
            header = jws.extract_compact(signed.encode()).headers()
        except (JoseError, ValueError):
            return "signature_malformed"
        key = self._keys.get(str(header.get("kid")))
        if key is None:
            return "signature_key_unknown"
        algorithm = key.get("alg") or header.get("alg")
        if header.get("typ") != TYP or header.get("alg") != algorithm or algorithm not in _ALGORITHMS:
            return "signature_header_wrong"
        try:
            payload = jws.deserialize_compact(signed, key, algorithms=[algorithm]).payload
        except (JoseError, ValueError):
            return "signature_wrong"
        return None if orjson.loads(payload) == dict(members) else "signature_of_something_else"
