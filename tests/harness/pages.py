"""What a person sees of an answer: a page with its forms, or the arrival at an application's redirect URI."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)


@dataclass
class Element:
    """A node of the document. `text` is what stands in it, children included."""

    tag: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    own: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.own).split())

    def all(self, wanted: Callable[["Element"], bool]) -> list["Element"]:
        found = [self] if wanted(self) else []
        return found + [hit for child in self.children for hit in child.all(wanted)]

    def tagged(self, *tags: str) -> list["Element"]:
        return self.all(lambda element: element.tag in tags)

    def hook(self, name: str) -> "Element | None":
        """The element with this `data-testid`."""
        return next(iter(self.all(lambda element: element.attributes.get("data-testid") == name)), None)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.open[-1].tag not in ("script", "style"):
            for element in self.open:
                element.own.append(data)


@dataclass(frozen=True)
class Arrival:
    """The browser was sent to an application: the answer to its authorization request, however it was delivered."""

    url: str
    parameters: dict[str, str]
    mode: str  # query, fragment or form_post
    response: httpx.Response

    @classmethod
    def of(cls, url: str, response: httpx.Response) -> Self:
        parts = urlsplit(url)
        mode = "fragment" if parts.fragment else "query"
        return cls(url, dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True)), mode, response)

    @property
    def code(self) -> str:
        assert "code" in self.parameters, f"no code arrived: {self.parameters}"
        return self.parameters["code"]

    @property
    def error(self) -> str | None:
        return self.parameters.get("error")


Goes = Callable[[str, str, dict[str, str], "Page"], "Page | Arrival"]


@dataclass
class Form:
    """A form as a person fills it: fields that are there, and a button of it."""

    element: Element
    page: "Page"

    @property
    def fields(self) -> dict[str, str]:
        """What the browser would send without a button: names and present values."""
        values: dict[str, str] = {}
        for field_ in self.element.tagged("input", "textarea", "select"):
            attributes = field_.attributes
            if "name" not in attributes or "disabled" in attributes or attributes.get("type") in ("submit", "button"):
                continue
            if attributes.get("type") in ("checkbox", "radio") and "checked" not in attributes:
                continue
            values[attributes["name"]] = _value(field_)
        return values

    @property
    def buttons(self) -> list[Element]:
        """The submit buttons, the primary one first."""
        return self.element.all(
            lambda element: (
                (element.tag == "button" and element.attributes.get("type", "submit") == "submit")
                or (element.tag == "input" and element.attributes.get("type") == "submit")
            )
        )

    def submit(self, **typed: str) -> "Page | Arrival":
        """Fill fields and press the primary button."""
        return self._send(self.buttons[0] if self.buttons else None, typed)

    def press(self, name: str, value: str, **typed: str) -> "Page | Arrival":
        """Fill fields and press the button `name=value`."""
        wanted = (name, value)
        found = (b for b in self.buttons if (b.attributes.get("name"), b.attributes.get("value")) == wanted)
        button = next(found, None)
        assert button is not None, f"no button {name}={value}; there are {[b.attributes for b in self.buttons]}"
        return self._send(button, typed)

    def _send(self, button: Element | None, typed: dict[str, str]) -> "Page | Arrival":
        names = {element.attributes.get("name") for element in self.element.tagged("input", "textarea", "select")}
        assert typed.keys() <= names, (
            f"the form has no {sorted(typed.keys() - names)}; it has {sorted(map(str, names))}"
        )
        values = self.fields | typed
        attributes = self.element.attributes
        action, method = attributes.get("action", ""), attributes.get("method", "get")
        if button is not None:
            action, method = button.attributes.get("formaction", action), button.attributes.get("formmethod", method)
            if "name" in button.attributes:
                values[button.attributes["name"]] = button.attributes.get("value", "")
        return self.page.goes(method.upper(), urljoin(self.page.url, action), values, self.page)


@dataclass
class Page:
    """A page of ours."""

    url: str
    response: httpx.Response
    goes: Goes = field(repr=False)
    root: Element = field(init=False, repr=False)

    def __post_init__(self) -> None:
        reader = _Reader()
        reader.feed(self.response.text)
        self.root = reader.root

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return next((body.text for body in self.root.tagged("body")), self.root.text)

    @property
    def h1(self) -> str:
        return next((heading.text for heading in self.root.tagged("h1")), "")

    @property
    def lang(self) -> str:
        return next((html.attributes.get("lang", "") for html in self.root.tagged("html")), "")

    @property
    def alert(self) -> str | None:
        """What went wrong, as the page tells it."""
        alerts = self.root.all(lambda element: element.attributes.get("role") == "alert" and bool(element.text))
        return alerts[0].text if alerts else None

    @property
    def error(self) -> str | None:
        """The public code of an error page."""
        shown = self.root.hook("error-page")
        return shown.attributes.get("data-error") if shown is not None else None

    def has(self, hook: str) -> bool:
        return self.root.hook(hook) is not None

    def hook(self, name: str) -> Element:
        found = self.root.hook(name)
        assert found is not None, f"no {name!r} here; {self.summary()}"
        return found

    def form(self, name: str) -> Form:
        """The form with this `data-testid`."""
        found = self.hook(name)
        inner = found if found.tag == "form" else next(iter(found.tagged("form")), None)
        assert inner is not None, f"{name!r} holds no form; {self.summary()}"
        return Form(inner, self)

    def follow(self, hook: str) -> "Page | Arrival":
        """Open the link with (or within) this `data-testid`."""
        link = next(link for link in self.hook(hook).tagged("a"))
        return self.goes("GET", urljoin(self.url, link.attributes["href"]), {}, self)

    def summary(self) -> str:
        hooks = [e.attributes["data-testid"] for e in self.root.all(lambda e: "data-testid" in e.attributes)]
        return (
            f"{self.status} {self.url}: h1 {self.h1!r}, alert {self.alert!r}, hooks {hooks}, text {self.text[:300]!r}"
        )


def _value(element: Element) -> str:
    if element.tag == "textarea":
        return "".join(element.own)
    if element.tag == "select":
        options = element.tagged("option")
        chosen = [option for option in options if "selected" in option.attributes] or options[:1]
        return chosen[0].attributes.get("value", chosen[0].text) if chosen else ""
    default = "on" if element.attributes.get("type") in ("checkbox", "radio") else ""
    return element.attributes.get("value", default)
