"""The hosted pages: what a person sees of SigID, in a tenant's name and colour, in the person's language.

`views` says what each page shows, `templates/` draws it in the design of `static/components.css`, `render` makes the
bytes; `mails` does the same for mail. Pages work without JavaScript and hold nothing inline (`csp`). Words stand in
`catalogues/`, one file a language (`i18n`).
"""

from sigid.pages import letters

__all__ = [
    "letters",
]
