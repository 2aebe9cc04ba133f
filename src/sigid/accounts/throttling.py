"""What is counted at sign-in and where mails are asked for: by (account, network), account, network and tenant.

A browser in which the person has signed in before has a counter of its own, so that strangers, in however many
networks, never lock them out there. A stranger's browser is let through by a code that was mailed.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from sigid.kernel import throttles
from sigid.kernel.callers import Caller
from sigid.kernel.database import Use
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import Throttled
from sigid.kernel.throttles import Counter

FREE_TRIES: Final = 5
FREE_BY_ACCOUNT: Final = 20
FREE_BY_NETWORK: Final = 100
FREE_BY_TENANT: Final = 2000
FREE_MAILS: Final = 5


def tries(caller: Caller, email: EmailAddress, device: bytes | None) -> Sequence[Counter]:
    """Passwords typed for an address; the first counter is the person's own, here."""
    if device is not None:
        return (Counter.of(FREE_TRIES, "sign-in device", device.hex()),)
    network = throttles.network(caller.origin.ip)
    return (
        Counter.of(FREE_TRIES, "sign-in account network", email.lookup, network),
        Counter.of(FREE_BY_ACCOUNT, "sign-in account", email.lookup),
        Counter.of(FREE_BY_NETWORK, "sign-in network", network),
    )


def mails(caller: Caller, email: EmailAddress, device: bytes | None) -> Sequence[Counter]:
    """Codes and links that are mailed to an address, whether it has an account or not."""
    if device is not None:
        return (Counter.of(FREE_MAILS, "mail device", device.hex()),)
    return (
        Counter.of(FREE_MAILS, "mail address", email.lookup),
        Counter.of(FREE_BY_NETWORK, "mail network", throttles.network(caller.origin.ip)),
    )


def _failures(caller: Caller) -> Counter:
    return Counter.of(FREE_BY_TENANT, "sign-in tenant", caller.tenant_id or "")


async def mail_answered(tx: Use, email: EmailAddress, device: bytes | None = None) -> None:
    """What was mailed came back from the mailbox: it was no nuisance."""
    counters = (*mails(tx.caller, email, device)[:1], *mails(tx.caller, email, None))
    for counter in {counter.key: counter for counter in counters[:2]}.values():
        await throttles.clear_in(tx, counter)
    if device is None:
        await throttles.forgive_in(tx, counters[2:])


async def refuse_in_tenant(caller: Caller, device: bytes | None) -> None:
    """So many failures at one tenant hold strangers' browsers back. Only failures write its row, which all share."""
    if device is None:
        await throttles.refuse_held(caller, _failures(caller))


async def failed_in_tenant(caller: Caller) -> None:
    with suppress(Throttled):  # it holds others back already
        await throttles.count(caller, (_failures(caller),))
