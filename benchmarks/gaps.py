"""The gap analysis of the largest role over a million postings, without cached stats, compared with plain aggregations.

python -m benchmarks.gaps [--postings N] [--keep DIRECTORY] [--before DIRECTORY]

`--before` compares the computation of a request with that of an earlier commit, alternately in one process. The
directory is a working tree of that commit, such as the last one before implied skills counted:

    git worktree add --detach ../before 6d15c02^
    python -m benchmarks.gaps --before ../before
    git worktree remove ../before
"""

import argparse
import importlib
import io
import secrets
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson

from benchmarks.report import Report, Times, format_milliseconds
from benchmarks.servers import start_servers, use_database
from benchmarks.trending import load_database

WINDOWS = (30, 365)
ROUNDS = 15
AGGREGATION_ROUNDS = 5
MIN_SPEEDUP = 50
MAX_ORDER_SECONDS = 0.150
COMPARISON_ROUNDS = 50
MAX_RATIO = 0.5
# Packages of an earlier commit that are loaded beside the present ones.
_PACKAGES = ("market", "skills", "career_navigator")


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postings", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument(
        "--keep", type=Path, help="keep the data in this directory, so that a second run does not load it again"
    )
    # The cache holds a million postings, so that the disk does not slow down the aggregations.
    parser.add_argument(
        "--cache-gb", type=float, default=4.0, help="size of MongoDB's cache in GB (default: %(default)s)"
    )
    parser.add_argument("--before", type=Path, help="compare with the working tree of an earlier commit")
    arguments = parser.parse_args()
    with start_servers(keep=arguments.keep, cache_gb=arguments.cache_gb):
        return compare(arguments.postings, before=arguments.before and load_earlier_gaps(arguments.before)).show()


def compare(count: int, *, before: ModuleType | None = None) -> Report:
    """Measure the analysis and the aggregations, and compare their results."""
    from django.utils import timezone

    from benchmarks.role_aggregations import aggregate_counts, aggregate_gap_analysis
    from career_navigator.db.connection import database
    from market.daily_stats import day_start
    from market.gaps import MIN_THRESHOLD, RoleWindow, rank_gaps
    from market.roles import get_display_role
    from market.selectors import get_role_demands, load_role_stats

    use_database(f"postings_{count}")
    load_database(count)
    now = timezone.now()
    last_day = day_start(now.date())
    report = Report(f"Gap analysis of the largest role of {count:,} postings of 400 days")
    demands = get_role_demands(days=365, now=now)
    role = max(demands, key=lambda name: demands[name].postings)
    report.add_value("the role; its postings of 365 days", f"{role}; {demands[role].postings:,}")
    # The user has every second required skill.
    held_skills = [skill.name for skill in demands[role].skills][::2]
    client = Client(held_skills, get_display_role(role))
    differing_windows = []
    for days in WINDOWS:
        stats: Any = load_role_stats(role=role, days=days, now=now)
        (
            analysis_times,
            order_times,
            uncached_request_times,
            cached_request_times,
            count_times,
            equivalent_times,
            rank_times,
            shared_times,
        ) = (Times() for _ in range(8))
        rank_gaps(window=stats.window, held=held_skills)
        for _ in range(ROUNDS):
            reset_stats_caches()
            analysis_times.measure(
                lambda days=days: analyze(load_role_stats(role=role, days=days, now=now), held_skills)
            )
            rank_times.measure(lambda stats=stats: rank_gaps(window=stats.window, held=held_skills))
            fresh_window = RoleWindow(demand=stats.window.demand, sets=stats.window.sets)
            shared_times.measure(lambda window=fresh_window: window.skill_stats)
            uncached_request_times.measure(lambda days=days: client.send_request(days))
            cached_request_times.measure(lambda days=days: client.send_request(days))
            uncached_stats: Any = load_role_stats(role=role, days=days, now=now)
            uncached_window = uncached_stats.window
            order_times.measure(lambda uncached_window=uncached_window: order_skills(uncached_window, held_skills))
        for _ in range(AGGREGATION_ROUNDS):
            window: dict[str, Any] = {"database": database(), "role": role, "days": days, "last_day": last_day}
            aggregated_counts = count_times.measure(lambda window=window: aggregate_counts(**window))
            equivalent_times.measure(lambda window=window: aggregate_gap_analysis(**window))
        gaps = rank_gaps(window=stats.window, held=held_skills, threshold=MIN_THRESHOLD)
        demand = stats.window.demand
        if (demand.jobs, {skill.name: skill.count for skill in demand.skills}) != aggregated_counts:
            differing_windows.append(f"{days} days")
        report.add_value(
            f"{days} days: postings; skills in at least a tenth of them", f"{gaps.postings:,}; {len(demand.skills)}"
        )
        report.add_value("  aggregation of only the counts", format_milliseconds(count_times.median))
        report.add_value(
            "  equivalent aggregations: counts of both windows, salary per skill",
            format_milliseconds(equivalent_times.median),
        )
        speedup = equivalent_times.median / analysis_times.median
        report.require_at_most(
            "  required skills, salaries, growth: nothing cached",
            analysis_times.median,
            equivalent_times.median / MIN_SPEEDUP,
            measured=f"{format_milliseconds(analysis_times.median)} = 1/{speedup:,.0f}",
            target_text=f"<= 1/{MIN_SPEEDUP}",
        )
        report.add_value(
            "    compared with the aggregation of only the counts",
            f"1/{count_times.median / analysis_times.median:,.0f}",
        )
        report.require_at_most(
            "  learn_next: nothing cached",
            order_times.median,
            MAX_ORDER_SECONDS,
            measured=format_milliseconds(order_times.median),
            target_text="<= 150 ms",
        )
        report.add_value("  computing a request with the role's stats cached", format_milliseconds(rank_times.median))
        report.add_value("    the part computed once per role and window", format_milliseconds(shared_times.median))
        if before is not None:
            compare_with_earlier(before, stats.window, held_skills, report)
        report.add_value("  whole request: nothing cached", format_milliseconds(uncached_request_times.median))
        report.add_value("  whole request: the role's stats cached", format_milliseconds(cached_request_times.median))
    roles = Times()
    for _ in range(AGGREGATION_ROUNDS):
        reset_stats_caches()
        roles.measure(lambda: get_role_demands(days=30, now=now))
    report.add_value(f"demand of all {len(demands)} roles, 30 days: nothing cached", format_milliseconds(roles.median))
    report.require_at_most(
        "windows whose counts differ from the aggregation",
        len(differing_windows),
        0,
        measured=", ".join(differing_windows) or "none",
        target_text="none",
    )
    return report


def load_earlier_gaps(directory: Path) -> ModuleType:
    """Import `market.gaps` of another working tree without replacing the present modules."""
    present = {name: module for name, module in sys.modules.items() if name.split(".")[0] in _PACKAGES}
    for name in present:
        del sys.modules[name]
    sys.path.insert(0, str(directory.resolve()))
    try:
        return importlib.import_module("market.gaps")
    finally:
        sys.path.pop(0)
        for name in [name for name in sys.modules if name.split(".")[0] in _PACKAGES]:
            del sys.modules[name]
        sys.modules.update(present)


def compare_with_earlier(before: ModuleType, window: Any, names: Sequence[str], report: Report) -> None:
    """Measure the computation of requests of several people alternately with an earlier version.

    The present version gets the vocabulary and the estimate of hours, as in a request. The earlier one had neither.
    """
    from benchmarks.fitting_seniors import SENIORS
    from learning.hours import build_hours_estimate
    from market.gaps import rank_gaps
    from skills.selectors import get_vocabulary

    vocabulary, sets = get_vocabulary(), window.sets
    counts = {skill.name: skill.count for skill in window.demand.skills}
    earlier_window = before.RoleWindow(
        demand=before.RoleDemand.of(postings=window.demand.jobs, counts=counts),
        sets=before.PostingSets(keys=sets.keys, columns=sets.columns, starts=sets.starts, salaries=sets.salaries),
    )

    def analyze_now(held_skills: Any) -> Any:
        hours = build_hours_estimate(vocabulary=vocabulary, held=held_skills.names)
        return rank_gaps(window=window, held=held_skills, vocabulary=vocabulary, hours=hours)

    for label, person in (
        ("every second skill", names),
        ("a back-end senior's skills", SENIORS["Backend"].split(", ")),
        ("no skill", ()),
    ):
        held_skills = vocabulary.get_held_skills(person)
        earlier, present = Times(), Times()
        for _ in range(COMPARISON_ROUNDS):
            earlier.measure(partial(before.rank_gaps, window=earlier_window, held=held_skills.named))
            present.measure(partial(analyze_now, held_skills))
        ratio = present.median / earlier.median
        report.require_at_most(
            f"    a person with {label}; before: {format_milliseconds(earlier.median)}",
            ratio,
            MAX_RATIO,
            measured=f"{format_milliseconds(present.median)} = x {ratio:.2f}",
            target_text=f"<= x {MAX_RATIO}",
        )


def reset_stats_caches() -> None:
    """Clear the cached stats, and cache again the data that every request uses."""
    from career_navigator.cache import reset_caches
    from career_navigator.cache.client import is_available
    from skills.selectors import get_vocabulary

    reset_caches()
    get_vocabulary()
    is_available()


def analyze(stats: Any, held_skills: list[str]) -> Any:
    """Run the analysis without `learn_next`, which has its own target."""
    from market.gaps import compute_coverage

    window = stats.window
    required = window.demand.list_required(threshold=0.25)
    return compute_coverage(skills=required, held=held_skills), window.salary_medians


def order_skills(window: Any, held_skills: list[str]) -> Any:
    """Choose the steps of `learn_next`."""
    from market.learning_order import order_learning
    from skills.selectors import get_vocabulary

    demanded = [skill.name for skill in window.demand.skills]
    index = window.get_view(get_vocabulary()).learning_index
    return order_learning(index=index, required=demanded, held=held_skills)


class Client:
    """A registered user who sends requests through the complete WSGI application."""

    def __init__(self, held_skills: list[str], role: str) -> None:
        from django.core.handlers.wsgi import WSGIHandler
        from django.utils import timezone

        from accounts.authentication import start_session
        from accounts.documents import User
        from accounts.services import register_user

        User.objects.delete()
        now = timezone.now()
        profile: dict[str, Any] = {"skills": held_skills, "target_roles": [role]}
        user = register_user(
            email="ada@example.org", password=f"Aa1-{secrets.token_urlsafe()}", full_name="Ada", now=now, **profile
        ).user
        self._token = start_session(user_id=user.pk, now=now).access_token
        self._role = role
        self._application: Any = WSGIHandler()
        # A server imports the URLs when it starts. The imports take longer than a request may.
        importlib.import_module("career_navigator.urls")
        self.send_request(1)  # do not measure new connections

    def send_request(self, days: int) -> dict[str, Any]:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/skills/gap-analysis",
            "QUERY_STRING": f"role={self._role.replace(' ', '+')}&days={days}",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "HTTP_HOST": "127.0.0.1:8000",
            "HTTP_AUTHORIZATION": f"Bearer {self._token}",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        statuses: list[str] = []
        response = self._application(environ, lambda status, headers, exc_info=None: statuses.append(status))
        body = b"".join(response)
        response.close()
        if not statuses[0].startswith("200"):
            raise RuntimeError(f"the gap analysis of {days} days answered {statuses[0]}: {body[:200]!r}")
        content: dict[str, Any] = orjson.loads(body)
        return content


if __name__ == "__main__":
    sys.exit(main())
