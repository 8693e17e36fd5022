"""How often applications led to interviews and offers, by match score. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.applications.stages import APPLIED, INTERVIEW, OFFER, ApplicationHistory
from market.trends import Interval, compute_percentage, compute_wilson_interval

# The lowest and the highest score of each band.
SCORE_BANDS = ((0, 24), (25, 49), (50, 74), (75, 89), (90, 100))
# The 95% interval of a rate of 50% is about 40 points wide for 20 applications, and wider for fewer.
MIN_APPLICATIONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredHistory:
    """An application's history with the stored match score of the job, or None if there is none."""

    history: ApplicationHistory
    score: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRate:
    """The percentage of applications with an outcome, or None without applications, and its 95% Wilson interval."""

    count: int
    rate: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreBand:
    """The outcomes of the applications whose match scores are from `min_score` to `max_score`.

    `is_small` is true if there are fewer than `MIN_APPLICATIONS`. The rates then say hardly anything.
    """

    min_score: int
    max_score: int
    applications: int
    interviews: OutcomeRate
    offers: OutcomeRate
    is_small: bool

    @property
    def outcomes(self) -> tuple[OutcomeRate, OutcomeRate]:
        """The interviews and the offers."""
        return self.interviews, self.offers


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The reliability table of match scores, from the lowest band to the highest.

    `unscored` counts the applications without a stored score of the present formula.
    """

    bands: tuple[ScoreBand, ...]
    scored: int
    unscored: int

    @property
    def note(self) -> str:
        """What the counts allow to conclude."""
        if not self.scored:
            return "No application has a match score yet."
        small = ", ".join(f"{band.min_score} to {band.max_score}" for band in self.bands if band.is_small)
        if not small:
            return f"Every band has at least {MIN_APPLICATIONS} applications."
        return f"Fewer than {MIN_APPLICATIONS} applications in the bands {small}: too few to compare their rates."


def measure_reliability(*, histories: Iterable[ScoredHistory], days: int, today: date) -> Reliability:
    """Count the outcomes of the applications of the last `days` days, including today, by match score.

    An offer implies an interview, and an interview, offer or rejection implies an application. Outcomes count whenever
    they were reached.
    """
    first_day = today - timedelta(days=days - 1)
    applied = [
        scored for scored in histories if (day := scored.history.get_day(APPLIED)) is not None and day >= first_day
    ]
    bands = tuple(
        _measure_band(
            [scored.history for scored in applied if scored.score is not None and low <= scored.score <= high],
            low,
            high,
        )
        for low, high in SCORE_BANDS
    )
    scored = sum(band.applications for band in bands)
    return Reliability(bands=bands, scored=scored, unscored=len(applied) - scored)


def _measure_band(histories: Sequence[ApplicationHistory], min_score: int, max_score: int) -> ScoreBand:
    offers = sum(OFFER in history.reached for history in histories)
    interviews = sum(INTERVIEW in history.reached or OFFER in history.reached for history in histories)
    return ScoreBand(
        min_score=min_score,
        max_score=max_score,
        applications=len(histories),
        interviews=_compute_rate(interviews, len(histories)),
        offers=_compute_rate(offers, len(histories)),
        is_small=len(histories) < MIN_APPLICATIONS,
    )


def _compute_rate(count: int, applications: int) -> OutcomeRate:
    if not applications:
        return OutcomeRate(count=0, rate=None, interval=None)
    return OutcomeRate(
        count=count,
        rate=compute_percentage(count, applications),
        interval=compute_wilson_interval(count=count, of=applications),
    )
