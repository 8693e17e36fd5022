from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "learning"

    def ready(self) -> None:
        from accounts.personal_data import register_user_data
        from career_navigator.held_skills import register_held_skills
        from career_navigator.staff.chores import register_chore
        from learning.chores import CHECK_LINKS
        from learning.personal_data import erase_progress, export_progress
        from learning.selectors import learnt_skills
        from learning.skill_merges import follow_merge
        from skills.merging import register_follower

        register_user_data(name="learning_progress", export=export_progress, erase=erase_progress)
        register_held_skills(name="learning", source=learnt_skills)
        register_follower(name="learning", follow=follow_merge)
        register_chore(CHECK_LINKS)
