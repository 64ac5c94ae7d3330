"""${message}"""

# Forward only. The SQL stands beside this file under the same name; a lock wait is bounded by env.py.
# A destructive change takes two releases: first nothing uses it any more, then it goes.

from migrations.sql import run

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    run(__file__)
