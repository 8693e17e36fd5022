"""What this app adds to the shared parts."""

from accounts.personal_data import register_user_data
from career_navigator.held_skills import register_held_skills
from learning.progress import SKILL_PROGRESS
from learning.skill_merges import follow_merge
from skills.merging import register_follower

register_user_data(name="learning_progress", export=SKILL_PROGRESS.export, erase=SKILL_PROGRESS.erase)
register_held_skills(name="learning", source=SKILL_PROGRESS.done_by)
register_follower(name="learning", follow=follow_merge)
