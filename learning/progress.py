"""How far each user has come with each skill."""

from career_navigator.progress import ProgressLog

SKILL_PROGRESS = ProgressLog(
    collection="learning_progress",
    subject="skill",
    begun_at="created_at",
    done="done",
    done_at="done_at",
    link="evidence_url",
)
export_progress, erase_progress = SKILL_PROGRESS.export, SKILL_PROGRESS.erase
