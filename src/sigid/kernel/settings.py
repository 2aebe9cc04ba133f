"""Settings, from the environment or a TOML file named by `SIGID_CONFIG`; a bad one ends the start with one message.

The rules that keep an installation safe by accident stand in `Settings._insecure_only_on_loopback`.
"""

import base64
import binascii
import ipaddress
import os
import tomllib
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sigid.kernel.errors import SettingsError
from sigid.kernel.secrets import Secret

PREFIX = "SIGID_"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_loopback_host(host: str | None) -> bool:
    """`localhost` or a loopback address, as a URL's host."""
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """One field is one setting, `SIGID_` before its name; the meaning stands beside it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    env: Literal["production", "development"] = Field("production", description="`development` is what make dev sets")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8484, ge=1, le=65535, description="port to listen on")
    issuer: str = Field("", description="default http://localhost:{port}; the only source of absolute URLs")
    tls_cert: Path | None = Field(None, description="certificate file, to serve https directly")
    tls_key: Path | None = Field(None, description="key file, to serve https directly")
    trusted_proxies: tuple[Network, ...] = Field((), description="networks whose forwarded client address is believed")
    data_dir: Path = Field(Path(".sigid"), description="folder for SQLite, keys and the like")
    database_url: str = Field("", description="default SQLite in the data dir; or postgresql://user@host:port/db")
    workers: int = Field(0, ge=0, le=64, description="processes; default 1 on SQLite, cores on PostgreSQL")
    worker: bool = Field(True, description="on: serve does the worker's work too; off: sigid worker does")
    smtp_url: Secret | None = Field(None, description="smtp(s)://user:password@host:port")
    redis_url: Secret | None = Field(None, description="shared counters for shedding load, optional")
    geoip_file: Path | None = Field(None, description="a MaxMind database file, optional")
    metrics_token: Secret | None = Field(None, description="bearer token for /metrics beyond loopback, optional")
    rate_limits: bool = Field(True, description="off only where the issuer is loopback")
    refresh_reuse_seconds: int = Field(10, ge=0, le=300, description="how long a spent refresh token answers again")
    root_key: Secret | None = Field(None, description="base64 of 32 bytes; required in production")
    root_key_file: Path | None = Field(None, description="a file that holds the root key")
    root_key_previous: Secret | None = Field(None, description="the old root key while it is rotated")
    fetch_loopback: bool = Field(False, description="development: the guarded client may reach loopback")
    fetch_ca: str | None = Field(None, description="development: a CA file for the guarded client, or `insecure`")
    config: Path | None = Field(None, description="a TOML file with these settings, lower case without SIGID_")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings

    @field_validator("smtp_url", "redis_url", "metrics_token", "root_key", "root_key_previous", mode="before")
    @classmethod
    def _secret(cls, value: object) -> object:
        return (Secret(value) if value else None) if isinstance(value, str) else value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("worker", "rate_limits", "fetch_loopback", mode="before")
    @classmethod
    def _on_or_off(cls, value: object) -> object:
        if isinstance(value, str):
            if value not in ("on", "off"):
                raise ValueError("must be on or off")
            return value == "on"
        return value

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if value != ""} if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _defaults(self) -> "Settings":
        fill = object.__setattr__
        scheme = "https" if self.tls_cert else "http"
        fill(self, "issuer", (self.issuer or f"{scheme}://localhost:{self.port}").removesuffix("/"))
        fill(self, "data_dir", self.data_dir.absolute())
        fill(self, "database_url", self.database_url or f"sqlite:///{self.data_dir / 'sigid.db'}")
        parts = urlsplit(self.issuer)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.path:
            _refuse("issuer", "must be an https (or loopback http) origin without path, query or fragment")
        if "@" in parts.netloc or self.issuer != f"{parts.scheme}://{parts.netloc}".lower():
            _refuse("issuer", "must be in lower case and without user information")
        if not self.database_url.startswith(("sqlite:///", "postgresql://")):
            _refuse("database_url", "must be sqlite:///path or postgresql://user@host:port/db")
        if self.on_sqlite and self.workers > 1:
            _refuse("workers", "must be 1 on SQLite; PostgreSQL serves with more")
        if bool(self.tls_cert) != bool(self.tls_key):
            _refuse("tls_key", "must be set together with SIGID_TLS_CERT")
        if self.root_key and self.root_key_file:
            _refuse("root_key_file", "must not be set together with SIGID_ROOT_KEY")
        for name in ("root_key", "root_key_previous"):
            key: Secret | None = getattr(self, name)
            if key is not None:
                _decoded_key(name, key.reveal())
        return self

    @model_validator(mode="after")
    def _insecure_only_on_loopback(self) -> "Settings":
        if self.issuer_is_loopback:
            if self.env != "development" and (self.fetch_loopback or self.fetch_ca):
                _refuse("fetch_loopback" if self.fetch_loopback else "fetch_ca", "is for development only")
            return self
        if self.env == "development":
            _refuse("env", "must be production where the issuer is not loopback")
        if not self.rate_limits:
            _refuse("rate_limits", "must be on where the issuer is not loopback")
        if self.fetch_loopback:
            _refuse("fetch_loopback", "must be off where the issuer is not loopback")
        if self.fetch_ca:
            _refuse("fetch_ca", "must be unset where the issuer is not loopback")
        if not self.issuer.startswith("https://"):
            _refuse("issuer", "must be https where it is not loopback")
        return self

    @property
    def issuer_is_loopback(self) -> bool:
        return is_loopback_host(urlsplit(self.issuer).hostname)

    @property
    def development(self) -> bool:
        return self.env == "development"

    @property
    def secure_cookies(self) -> bool:
        return self.issuer.startswith("https://")

    @property
    def on_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:///")

    @property
    def processes(self) -> int:
        """How many serve: what is set, else one on SQLite and one for each core on PostgreSQL."""
        return self.workers or (1 if self.on_sqlite else os.cpu_count() or 1)

    @property
    def sqlite_path(self) -> Path:
        return Path(self.database_url.removeprefix("sqlite:///"))

    def root_keys(self) -> list[bytes]:
        """The root key, then the previous one while it is rotated. In development it is made where there is none."""
        keys = []
        if self.root_key is not None:
            keys.append(_decoded_key("root_key", self.root_key.reveal()))
        elif self.root_key_file is not None:
            try:
                keys.append(_decoded_key("root_key_file", self.root_key_file.read_text().strip()))
            except OSError as error:
                raise SettingsError(f"SIGID_ROOT_KEY_FILE cannot be read: {error.strerror}") from None
        elif self.development:
            keys.append(self._own_root_key())
        else:
            raise SettingsError(
                "SIGID_ROOT_KEY is required in production: base64 of 32 random bytes (openssl rand -base64 32)"
            )
        if self.root_key_previous is not None:
            keys.append(_decoded_key("root_key_previous", self.root_key_previous.reveal()))
        return keys

    def _own_root_key(self) -> bytes:
        path = self.data_dir / "root.key"
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.data_dir / f"root.key.{os.getpid()}"
        try:
            if not path.exists():
                temporary.touch(mode=0o600)
                temporary.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
                os.link(temporary, path)  # whole or not at all, and only the first process wins
        except FileExistsError:
            pass
        finally:
            temporary.unlink(missing_ok=True)
        return _decoded_key("data_dir", path.read_text().strip())


def _refuse(name: str, rule: str) -> None:
    raise ValueError(f"{PREFIX}{name.upper()} {rule}")


def _decoded_key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32 or len(set(key)) < 8:
        raise ValueError(f"{PREFIX}{name.upper()} must be base64 of 32 random bytes")
    return key


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises SettingsError with one message that names the setting."""
    values: dict[str, Any] = {}
    path = os.environ.get("SIGID_CONFIG")
    if path:
        try:
            values = tomllib.loads(Path(path).read_text())
        except OSError as error:
            raise SettingsError(f"SIGID_CONFIG cannot be read: {path}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"SIGID_CONFIG is not TOML: {error}") from None
        values = {name: value for name, value in values.items() if f"{PREFIX}{name.upper()}" not in os.environ}
    try:
        settings = Settings(**{**values, **overrides})
        settings.root_keys() if settings.root_key_file else None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(message if message.startswith(PREFIX) else f"{PREFIX}{name.upper()} {message}") from None
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return settings
