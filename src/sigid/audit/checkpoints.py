"""Checkpoints: what the tree was at a moment, signed by a key of the JWKS (a JWS, RFC 7515).

A checkpoint that somebody keeps elsewhere proves later that nothing before it was changed, reordered or cut off.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from sigid.applications import key_sets
from sigid.audit.entries import timestamp
from sigid.audit.merkle import Tree
from sigid.kernel import jws
from sigid.kernel.database import Row

TYP: Final = "sigid-audit-checkpoint+jwt"

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
        self._keys: dict[str | None, key_sets.ClientKey] = {}
        for jwk in jwks["keys"]:
            with suppress(key_sets.InvalidKeySet):  # one that we can't use is one that we don't know
                for key in key_sets.parse({"keys": [jwk]}).keys:
                    self._keys[key.kid] = key

    def problem(self, signed: str, members: Mapping[str, Any]) -> str | None:
        """What is wrong with the signature `signed` over `members`; None when it is good."""
        try:
            parsed = jws.parse(signed)
            claims = parsed.claims()
        except jws.Malformed:
            return "signature_malformed"
        kid, alg = parsed.header.get("kid"), parsed.header["alg"]
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            return "signature_key_unknown"
        if parsed.header.get("typ") != TYP or alg not in key.algorithms:
            return "signature_header_wrong"
        if not jws.verify(alg, key.key, parsed.signed, parsed.signature):
            return "signature_wrong"
        return None if claims == dict(members) else "signature_of_something_else"
