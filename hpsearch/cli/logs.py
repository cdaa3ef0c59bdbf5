"""The server's log on stderr: one line an event, as key=value for people or JSON for machines.

Modules log with the standard library, `log.info("trial ended", extra={"job": …, "trial": …})`; the
extra fields become fields of the line.
"""

import logging
import sys
from enum import StrEnum

import structlog

from hpsearch.cli.log_repeats import Repeats


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


CHATTY = ("distributed", "alembic", "httpx", "httpcore", "tornado", "asyncio")
"""Libraries whose information nobody needs; their warnings are shown."""


def configure(level: LogLevel, form: LogFormat) -> None:
    """Send all logging of this process to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                _without_colours,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _RENDERERS[form],
            ],
        )
    )
    handler.addFilter(_worth_reading)
    handler.addFilter(Repeats().filter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())


def _worth_reading(record: logging.LogRecord) -> bool:
    """At the handler, as these libraries set the levels of their loggers when imported."""
    return record.levelno >= logging.WARNING or not record.name.startswith(CHATTY)


def _without_colours(
    _logger: structlog.typing.WrappedLogger, _method: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """uvicorn says some things twice, once for terminals."""
    fields.pop("color_message", None)
    return fields


_ORDER = ["timestamp", "level", "event", "job", "trial"]
_RENDERERS: dict[LogFormat, structlog.typing.Processor] = {
    LogFormat.TEXT: structlog.processors.LogfmtRenderer(key_order=_ORDER, drop_missing=True),
    LogFormat.JSON: structlog.processors.JSONRenderer(sort_keys=False),
}
