"""Which projects each user has begun and finished."""

from career_navigator.progress import ProgressLog

PROJECT_PROGRESS = ProgressLog(
    collection="project_progress",
    subject="project",
    begun_at="started_at",
    done="finished",
    done_at="finished_at",
    link="repository_url",
)
export_progress, erase_progress = PROJECT_PROGRESS.export, PROJECT_PROGRESS.erase
