"""What this app adds to the shared parts."""

from accounts.activity.selectors import erase_activities, export_activities
from accounts.applications.selectors import erase_applications, export_applications
from accounts.confirmations import erase_confirmations, export_confirmations
from accounts.dashboard import show_users
from accounts.duplicates import (
    merge_applications,
    merge_matches,
    merge_told_postings,
    renumber_resumes,
    renumber_searches,
)
from accounts.matches.selectors import export_matches
from accounts.matches.services import erase_matches
from accounts.personal_data import erase_resets, export_resets, export_sessions, register_user_data
from accounts.resumes.selectors import export_resumes
from accounts.resumes.services import erase_resumes
from accounts.searches.selectors import erase_searches, export_searches
from accounts.sessions import end_sessions
from accounts.skill_merges import follow_merge
from career_navigator.indexes import register_merger
from career_navigator.staff.dashboard import register_panel
from skills.merging import register_follower

register_user_data(name="sessions", export=export_sessions, erase=lambda user_id: end_sessions(user_id=user_id))
register_user_data(name="password_resets", export=export_resets, erase=erase_resets)
register_user_data(name="email_confirmations", export=export_confirmations, erase=erase_confirmations)
register_user_data(name="activities", export=export_activities, erase=erase_activities)
register_user_data(name="applications", export=export_applications, erase=erase_applications)
register_user_data(name="match_scores", export=export_matches, erase=erase_matches)
register_user_data(name="resumes", export=export_resumes, erase=erase_resumes)
register_user_data(name="saved_searches", export=export_searches, erase=erase_searches)
register_panel(name="accounts", load=show_users)
register_follower(name="accounts", follow=follow_merge)
register_merger(collection="applications", merge=merge_applications)
register_merger(collection="match_scores", merge=merge_matches)
register_merger(collection="told_postings", merge=merge_told_postings)
register_merger(collection="resumes", merge=renumber_resumes)
register_merger(collection="saved_searches", merge=renumber_searches)
