from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from accounts.personal_data import register_user_data
        from projects.personal_data import erase_progress, export_progress
        from projects.skill_merges import follow_merge
        from skills.merging import register_follower

        register_user_data(name="project_progress", export=export_progress, erase=erase_progress)
        register_follower(name="projects", follow=follow_merge)
