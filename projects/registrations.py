"""What this app adds to the shared parts."""

from accounts.personal_data import register_user_data
from career_navigator.portfolio import register_finished_projects
from projects.progress import PROJECT_PROGRESS
from projects.selectors import finished_work
from projects.skill_merges import follow_merge
from skills.merging import register_follower

register_user_data(name="project_progress", export=PROJECT_PROGRESS.export, erase=PROJECT_PROGRESS.erase)
register_finished_projects(name="projects", source=finished_work)
register_follower(name="projects", follow=follow_merge)
