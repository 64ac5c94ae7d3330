"""What is answered about tokens, and to everybody."""

from typing import Annotated, Literal

from pydantic import Field

from codes.book import Session
from kit.fields import Body, Date


class Token(Body):
    """A token, to be sent as `Authorization: Bearer` until it has expired."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(description="Seconds that it lives.", ge=1, le=1800)]
    scope: Annotated[str, Field(description="Its scopes, with a space between each.")]


class ReachRead(Body):
    """Whose data a token reaches: URNs of schools, UIDs of trusts or codes of authorities; all of them: national."""

    kind: Literal["schools", "trust", "authority", "national"]
    ids: list[str]


class Me(Body):
    """Which client a token belongs to, what it may do, and whose data it reaches."""

    client: str
    scopes: list[str]
    reach: ReachRead


class CodeRead(Body):
    """A code in force: what it means, how it counts, and what must accompany it."""

    code: str
    meaning: str
    class_: Annotated[str, Field(alias="class", description="The statistical class.")]
    possible: Annotated[bool, Field(description="Whether the session counts as a possible one.")]
    sessions: list[Session]
    bearer: str
    needs: list[str]
    counts_to_penalty_threshold: bool
    valid_from: Date
    valid_to: Date | None
    source: str


class CodesOn(Body):
    """The codes of a date, and the edition of the law that they are of."""

    on: Date
    edition: str
    items: list[CodeRead]
    next: None


class GroundTest(Body):
    """What a ground of deletion asks beside its heading."""

    test: str
    question: str
    source: str


class DeletionGround(Body):
    """A ground of regulation 9(1)."""

    ground: str
    heading: str
    compulsory_school_age: bool
    destination: str | None
    tests: list[GroundTest]
    source: str


class DeletionGrounds(Body):
    """The grounds of deletion from the admission register."""

    items: list[DeletionGround]
    next: None


class ProblemType(Body):
    """A type of problem, and what it wants of the caller."""

    code: str
    title: str
    status: int
    remedy: str
