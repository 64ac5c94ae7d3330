"""What a service is told by its environment."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings that both services share, read from `ROLLBOOK_...` variables."""

    model_config = SettingsConfigDict(env_prefix="ROLLBOOK_", extra="ignore")

    database_url: str
    """`postgresql://user:password@host:port/name`, as the role of the service, which owns nothing."""
    public_url: str = "http://127.0.0.1:8000"
    """The one public address: issuer and audience of tokens."""
    pool_size: int = 8
    """Database connections that one process keeps."""


class IssuerSettings(Settings):
    """Settings of the service that issues tokens."""

    signing_key: Path
    """A file that holds the private Ed25519 JWK."""
