"""What a service is told by its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
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
    requests_a_minute: Annotated[int, Field(ge=0)] = 12_000
    """Requests of one client that one process answers in a minute; 0 is no limit."""
    cors_origins: str = ""
    """Origins whose pages may call, separated by spaces. Closed unless named: integrators call from servers."""


class IssuerSettings(Settings):
    """Settings of the service that issues tokens."""

    signing_key: Path
    """A file that holds the private Ed25519 JWK."""
    checkpoint_key: str | None = None
    """Files that hold the private Ed25519 JWK of checkpoints, separated by `:`; all sign. Without, nobody does."""
    checkpoint_origin: Annotated[str, Field(pattern=r"^[^\s+]+$")] | None = None
    """The name of the log of checkpoints, such as `rollbook.example/register`: needed with a key, and kept for life."""
    checkpoint_interval: Annotated[float, Field(gt=0)] = 600
    """Seconds between two checkpoints."""
    checkpoint_deposits: str = ""
    """Places outside that each checkpoint is laid down in, separated by spaces: `file:///...`, `https://...`."""
    closures_poll_seconds: Annotated[float, Field(gt=0)] = 5
    """Seconds after which it is looked again whether a closed session is to be entered."""
    sandbox: bool = False
    """Whether anybody may begin a sandbox: an invented school of their own, for a day."""
    sandbox_most: Annotated[int, Field(ge=1)] = 50
    """Sandboxes that stand at once."""
