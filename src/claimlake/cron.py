"""Cron expressions: five fields in a time zone, and when the next time of one is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from claimlake.errors import ConfigurationError

EXAMPLE = 'Example: "15 6 * * 1-5" is 6:15 from Monday to Friday (minute, hour, day, month, weekday).'


@dataclass(frozen=True)
class Cron:
    """When something is due."""

    expression: str
    time_zone: str
    """IANA name of the zone the hours are of."""

    def next_after(self, moment: datetime) -> datetime:
        """The first time later than `moment`, UTC.

        A time the clock skips in spring comes right after the skip; one it shows twice in autumn comes once.
        """
        local = moment.astimezone(ZoneInfo(self.time_zone))
        # Within the repeated hour the library starts again at its first showing, which is over.
        return next(
            found for time in CronSim(self.expression, local) if (found := time.astimezone(UTC)) > moment
        )

    def __str__(self) -> str:
        return f"{self.expression} {self.time_zone}"


def check_cron(text: str, *, where: str) -> str:
    """The expression as it was given; ConfigurationError says what is wrong with it."""
    if len(text.split()) != 5:
        raise ConfigurationError(f"'{text}' does not have five fields.", where=where, remedy=EXAMPLE)
    try:
        next(CronSim(text, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        raise ConfigurationError(f"the {field} of '{text}' cannot be.", where=where, remedy=EXAMPLE) from None
    except StopIteration:
        raise ConfigurationError(f"'{text}' never comes.", where=where, remedy=EXAMPLE) from None
    return text
