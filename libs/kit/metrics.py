"""What a service counts and measures, as a scraper reads it: the text format of Prometheus, which is a few lines."""

from collections.abc import Iterator, Mapping
from typing import Any

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(answered: Mapping[int, int], counted: Mapping[str, int], measured: Mapping[str, Any]) -> str:
    """Give answers by status and what else was counted since the process began, and every number among `measured`.

    `measured` is what /readyz says; of what is no number there, nothing is said. No label names a school.
    """
    return "".join(f"{line}\n" for line in _lines(answered, counted, measured))


def _lines(answered: Mapping[int, int], counted: Mapping[str, int], measured: Mapping[str, Any]) -> Iterator[str]:
    yield "# TYPE rollbook_answers_total counter"
    for status, n in sorted(answered.items()):
        yield f'rollbook_answers_total{{status="{status}"}} {n}'
    for name, n in sorted(counted.items()):
        yield f"# TYPE rollbook_{name}_total counter"
        yield f"rollbook_{name}_total {n}"
    for name, value in sorted(measured.items()):
        if isinstance(value, int | float):
            yield f"# TYPE rollbook_{name} gauge"
            yield f"rollbook_{name} {float(value):.15g}"
