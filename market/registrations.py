"""What this app adds to the shared parts."""

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from career_navigator.connection import database, quick_redis_client
from career_navigator.observability.metrics import register_collector
from career_navigator.staff.dashboard import register_panel
from market.answers import RENDERED_AT_KEY
from market.dashboard import show_market
from market.skill_merges import follow_merge
from skills.merging import register_follower


def _figures_age() -> Iterator[Metric]:
    age = GaugeMetricFamily("career_navigator_figures_age_seconds", "Time since answers were last made from figures.")
    rendered_at = quick_redis_client().get(RENDERED_AT_KEY)
    if isinstance(rendered_at, bytes):
        age.add_metric([], timezone.now().timestamp() - float(rendered_at))
    behind = GaugeMetricFamily("career_navigator_figures_dirty_days", "Days whose figures may be behind.")
    behind.add_metric([], database().dirty_days.estimated_document_count())
    yield from (age, behind)


register_collector(name="figures", collect=_figures_age)
register_panel(name="market", load=show_market)
register_follower(name="market", follow=follow_merge)
