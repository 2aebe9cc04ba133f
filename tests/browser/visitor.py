"""A person at a real browser: what is typed and pressed on each page, by the pages' hooks."""

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.harness import Server

PASSWORD = "nine-quiet-lighthouses-4711"


@dataclass
class Visitor:
    """One browser context with one tab. `complaints` is what the browser said against our own pages."""

    server: Server
    context: BrowserContext
    tab: Page
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, server: Server, context: BrowserContext) -> "Visitor":
        visitor = cls(server, context, context.new_page())
        visitor.tab.on("console", lambda message: visitor._hear(message.type, message.text))
        visitor.tab.on("pageerror", lambda error: visitor._hear("error", str(error)))
        return visitor

    def _hear(self, kind: str, text: str) -> None:
        """A refusal is an answer with a status of its own, which Chromium logs as an error: that is no complaint."""
        if kind == "error" and "Failed to load resource" not in text:
            self.complaints.append(text)

    def hook(self, name: str) -> Locator:
        return self.tab.get_by_test_id(name)

    def open(self, url: str) -> None:
        self.tab.goto(url)

    def fill(self, form: str, **fields: str) -> None:
        for name, value in fields.items():
            self.hook(form).locator(f"[name={name}]").fill(value)

    def submit(self, form: str, **fields: str) -> None:
        """Fill the fields and press the primary button."""
        self.fill(form, **fields)
        self.hook(form).locator("button[type=submit], button:not([type])").first.click()

    def press(self, form: str, name: str, value: str) -> None:
        self.hook(form).locator(f"[name={name}][value={value}]").click()

    def sign_in(self, email: str, password: str) -> None:
        self.submit("signin-form", email=email, password=password)

    def sign_up(self, email: str, name: str = "Mira Okafor", password: str = PASSWORD) -> None:
        self.tab.locator("a[href*='/signup']").click()
        self.submit("signup-form", name=name, email=email, password=password)

    def type_code(self, email: str, *, mails_before: int = 0) -> None:
        """The code of the newest mail."""
        expect(self.hook("verify-form")).to_be_visible()
        self.submit("verify-form", code=self.server.mail(email, after=mails_before)["code"])

    def decide(self, decision: str = "allow", form: str = "consent-form") -> None:
        self.press(form, "decision", decision)

    def alert(self) -> Locator:
        return self.tab.get_by_role("alert")
