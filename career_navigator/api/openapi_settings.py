"""Settings of drf-spectacular, which generates the OpenAPI document.

The Django settings import this module, so it must not import any module that reads them.
"""

from career_navigator.api.openapi_introduction import INTRODUCTION

# Component names for enums whose field name is ambiguous, or whose choices have several field names.
_ENUM_NAMES = {
    "LevelEnum": "learning.resources.LEVELS",
    "JobOrderingEnum": "market.jobs.selectors.ORDERINGS",
    "SkillPathStatusEnum": "learning.serializers.PATH_STATUSES",
    "SkillProgressStatusEnum": "learning.documents.STATUSES",
    "ProjectProgressStatusEnum": "projects.documents.STATUSES",
    "ResumeStatusEnum": "accounts.resumes.documents.STATUSES",
    "MilestoneEnum": "learning.milestones.MILESTONES",
    "StageEnum": "accounts.applications.stages.STAGES",
    "MatchCriterionEnum": "market.jobs.match_parts.CRITERIA",
    "ConfirmableFieldEnum": "accounts.resumes.services.FIELD_NAMES",
    "RefusalReasonEnum": "accounts.resumes.files.formats.REASON_NAMES",
    "ResumeSourceEnum": "accounts.resumes.documents.SOURCES",
    "ResumeSectionEnum": "accounts.resumes.parsing.lines.SECTION_KINDS",
    "ResourceTypeEnum": "learning.resources.TYPES",
    "SchemeEnum": "career_navigator.external_ids.SKILL_SCHEME_NAMES",
    "RoleSchemeEnum": "career_navigator.external_ids.ROLE_SCHEME_NAMES",
    "SeniorityEnum": "market.jobs.serializers.SENIORITIES",
}
_TAGS = {
    "auth": "Registration, login, sessions, passwords, and the current user's profile.",
    "users": "The same accounts and profiles, with the field names of the job-search endpoints.",
    "market": "The skills that collected postings require, their salaries, and trends over time.",
    "skills": "The skill vocabulary, skills in texts, and the gap between a profile and a role.",
    "learning": "Roadmaps, learning resources, and the current user's progress.",
    "projects": "Project ideas for practicing skills, and the current user's progress with them.",
    "jobs": "Search, match scores, saved jobs, applications, and saved searches.",
    "resumes": "Upload, generate and download resumes, and apply with a resume.",
    "activity": "The current user's activity log, and how far their applications got.",
    "countries": "Countries by code and name.",
    "ingestion": "Webhooks that receive postings from TheirStack.",
    "health": "The service's name and version, and health checks.",
}
OPENAPI_SETTINGS = {
    "DESCRIPTION": INTRODUCTION.strip(),
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "GET_LIB_DOC_EXCLUDES": "career_navigator.api.openapi.list_undescribed_bases",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": _ENUM_NAMES,
    "TAGS": [{"name": name, "description": description} for name, description in _TAGS.items()],
    "PREPROCESSING_HOOKS": ["career_navigator.api.openapi.strip_trailing_slashes"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "career_navigator.api.openapi_clients.describe_selected_fields",
        "career_navigator.api.openapi_clients.share_enums",
        "career_navigator.api.openapi_clients.leave_null_out_of_forms",
        "career_navigator.api.openapi.document_errors",
        "career_navigator.api.ignored.document_ignored",
        "career_navigator.api.openapi_examples.show_examples",
    ],
}
