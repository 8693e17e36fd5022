"""Serializers for requests to and responses from the endpoints under /resumes."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.applications.serializers import MAX_ID_LENGTH
from accounts.documents import MAX_SKILL_LENGTH, MAX_SKILLS
from accounts.resumes.documents import SOURCES, STATUSES, Resume
from accounts.resumes.files.formats import MAX_CHARACTERS, REASON_NAMES, REASONS
from accounts.resumes.json_resume import SCHEMA
from accounts.resumes.parsing.lines import SECTION_KINDS
from accounts.resumes.parsing.questions import list_questions
from accounts.resumes.parsing.unread import MAX_UNREAD
from accounts.resumes.parsing.unread import REASONS as UNREAD_REASONS
from accounts.resumes.services import FIELD_NAMES, list_offered_fields
from accounts.serializers import UserSerializer
from career_navigator.api.fields import BoundedList, OwnUserId, SchemaField, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import ErrorCodeField, FieldCodeField, SuccessSerializer


class ResumeInSerializer(serializers.Serializer[Any]):
    """A request to store an uploaded resume or to generate one."""

    user_id = OwnUserId()
    job_id = StrictCharField(
        max_length=MAX_ID_LENGTH,
        allow_null=True,
        allow_blank=True,
        required=False,
        help_text="The job that the resume is for, if any.",
    )
    # `Serializer` has attributes named `source` and `errors`. Declaring fields of these names is safe, because DRF's
    # metaclass removes declared fields from the class.
    source = StrictChoiceField(  # type: ignore[assignment]
        SOURCES, help_text="`upload` stores the given text or file. `generated` builds a resume from the profile."
    )
    content = StrictCharField(
        allow_null=True,
        allow_blank=True,
        required=False,
        trim_whitespace=False,
        help_text=f"The text of an uploaded resume, up to {MAX_CHARACTERS} characters.",
    )


class ResumeUploadSerializer(ResumeInSerializer):
    """A request that can contain the resume as a file."""

    file = serializers.FileField(
        required=False,
        allow_empty_file=True,
        help_text=(
            "A text, Markdown, HTML, PDF, DOCX, JSON Resume or Europass file, or the ZIP archive of a LinkedIn export,"
            " of up to 5 MB. The content determines the type."
        ),
    )


class ResumeMadeSerializer(SuccessSerializer):
    """A resume that was stored or generated, or is still being processed."""

    resume_id = serializers.CharField(source="pk")
    status = serializers.ChoiceField(STATUSES)
    address = serializers.CharField(source="get_absolute_url", help_text="The path of the resume and its status.")
    version = serializers.IntegerField()
    missing_skills = serializers.ListField(
        child=serializers.CharField(),
        help_text="For a generated resume, the skills in the posting that the profile lacks.",
    )


class UploadRefusedSerializer(serializers.Serializer[Any]):
    """An error response that also states the reason if a file was rejected."""

    detail = serializers.CharField()
    code = ErrorCodeField(help_text="`upload_refused` for a rejected file, or the code of another input error.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
    error_codes = serializers.DictField(child=serializers.ListField(child=FieldCodeField()), required=False)
    reason = serializers.ChoiceField(REASON_NAMES, required=False)


class JSONResumeField(SchemaField):
    """Resume content in the JSON Resume format."""

    schema_name = "JSONResume"
    schema = {key: SCHEMA[key] for key in ("type", "additionalProperties", "properties")}


class FoundSerializer(serializers.Serializer[Any]):
    """A value found in a resume, with its confidence."""

    value = serializers.CharField()
    confidence = serializers.FloatField(min_value=0, max_value=1)


class FoundYearsSerializer(serializers.Serializer[Any]):
    """Years of experience computed from a resume, with their confidence."""

    value = serializers.FloatField()
    confidence = serializers.FloatField(min_value=0, max_value=1)


class ParsedContactSerializer(serializers.Serializer[Any]):
    """The contact details found in a resume."""

    name = FoundSerializer(allow_null=True)
    email = FoundSerializer(allow_null=True)
    phone = FoundSerializer(allow_null=True)
    place = FoundSerializer(required=False, allow_null=True, help_text="In the format that postings use.")
    headline = FoundSerializer(required=False, allow_null=True, help_text="The occupation stated near the name.")
    links = FoundSerializer(many=True)


class ParsedSkillSerializer(serializers.Serializer[Any]):
    """A skill named in a resume."""

    name = serializers.CharField(help_text="The canonical name.")
    display_name = serializers.CharField()
    confidence = serializers.FloatField(min_value=0, max_value=1)
    found_in = serializers.ListField(
        child=serializers.ChoiceField(SECTION_KINDS), help_text="The sections that name the skill."
    )
    mentions = serializers.IntegerField()
    quote = serializers.CharField(help_text="The first line that names the skill.")


class ParsedPositionSerializer(serializers.Serializer[Any]):
    """A position listed in a resume."""

    title = FoundSerializer(allow_null=True)
    company = FoundSerializer(allow_null=True)
    start_date = serializers.CharField(
        allow_null=True, help_text="YYYY or YYYY-MM; null if the position has no dates that are understood."
    )
    end_date = serializers.CharField(
        allow_null=True, help_text="YYYY or YYYY-MM; null for a current position, or if `start_date` is null."
    )
    confidence = serializers.FloatField(min_value=0, max_value=1)


class ParsedStudySerializer(serializers.Serializer[Any]):
    """A degree or course of study listed in a resume."""

    institution = FoundSerializer(allow_null=True)
    degree = FoundSerializer(allow_null=True)
    area = FoundSerializer(allow_null=True)
    start_date = serializers.CharField(allow_null=True, help_text="YYYY or YYYY-MM.")
    end_date = serializers.CharField(allow_null=True, help_text="YYYY or YYYY-MM.")
    score = FoundSerializer(required=False, allow_null=True, help_text="The grade as worded in the resume.")
    honors = FoundSerializer(required=False, allow_null=True, help_text="Honors such as `cum laude`.")
    confidence = serializers.FloatField(min_value=0, max_value=1)


class ParsedLanguageSerializer(serializers.Serializer[Any]):
    """A spoken language listed in a resume."""

    language = FoundSerializer()
    fluency = serializers.CharField(allow_null=True, help_text="As worded in the resume.")


class UnreadLineSerializer(serializers.Serializer[Any]):
    """A line of a resume that no value was taken from."""

    line = serializers.IntegerField(min_value=1, help_text="The number of the line in the text of the resume.")
    text = serializers.CharField()
    section = serializers.ChoiceField(SECTION_KINDS, help_text="The section that contains the line.")
    reason = serializers.ChoiceField(
        UNREAD_REASONS,
        help_text=(
            "`dates`: the dates are not understood. `section`: the section is not taken over, except for its skills. "
            "`text`: the text fits no field."
        ),
    )


class QuestionSerializer(serializers.Serializer[Any]):
    """A parsed value that is more likely wrong than right, so its owner should be asked."""

    field = serializers.CharField(help_text="The path of the value in `parsed`, such as `experience.0.company`.")
    value = serializers.CharField()
    confidence = serializers.FloatField(min_value=0, max_value=1)


class ParsedResumeSerializer(serializers.Serializer[Any]):
    """The values parsed from an upload, each with a confidence between 0 and 1. Empty for a generated resume."""

    contact = ParsedContactSerializer(required=False)
    summary = FoundSerializer(required=False, allow_null=True)
    skills = ParsedSkillSerializer(required=False, many=True, help_text="The most confident first.")
    experience = ParsedPositionSerializer(required=False, many=True)
    experience_years = FoundYearsSerializer(required=False, allow_null=True)
    education = ParsedStudySerializer(required=False, many=True)
    languages = ParsedLanguageSerializer(required=False, many=True)
    unread = UnreadLineSerializer(
        required=False, many=True, help_text=f"The lines that no value was taken from, at most {MAX_UNREAD}."
    )


@extend_schema_field(ParsedResumeSerializer)
class ParsedResumeField(serializers.DictField):
    """The stored `parsed` values of a resume."""

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        # The stored values are already plain, so serializing them again would change nothing.
        return value


@extend_schema_field(QuestionSerializer(many=True))
class Questions(serializers.Field[Any, Any, Any, Any]):
    """The questions about the stored `parsed` values of a resume, computed on each read."""

    def to_representation(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        return list_questions(value)


@extend_schema_field(UnreadLineSerializer(many=True))
class UnreadLines(serializers.Field[Any, Any, Any, Any]):
    """The unread lines of a resume. Resumes read by earlier releases have none."""

    def to_representation(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        unread: list[dict[str, Any]] = value.get("unread", [])
        return unread


class OfferedFieldsSerializer(UserSerializer):
    """The profile fields that a confirmation can fill, with their new values. Other fields are omitted."""

    def get_fields(self) -> dict[str, Any]:
        profile = super().get_fields()
        fields = {name: profile[name] for name in FIELD_NAMES}
        for field in fields.values():
            field.required = field.allow_null = False
        return fields


class ReasonSentence(serializers.CharField):
    """The message for a rejection reason."""

    def to_representation(self, value: str) -> str:
        return REASONS[value]


@extend_schema_field(OfferedFieldsSerializer)
class OfferedFields(serializers.DictField):
    """The profile fields that a resume can fill, computed on each read."""

    def to_representation(self, value: Any) -> dict[str, Any]:
        return super().to_representation(list_offered_fields(value))


class RefusalSerializer(serializers.Serializer[Any]):
    """The reason why a file was rejected, as a name and as a message."""

    reason = serializers.ChoiceField(REASON_NAMES, source="*")
    detail = ReasonSentence(source="*")


class UploadedFileSerializer(serializers.Serializer[Any]):
    """The uploaded file of a resume. Null for a generated resume."""

    name = serializers.CharField(source="file_name", allow_null=True)
    media_type = serializers.CharField()
    size = serializers.IntegerField(
        source="file_size", help_text="In bytes, or in characters if the resume was uploaded as text."
    )

    def to_representation(self, instance: Resume) -> Any:
        return super().to_representation(instance) if instance.media_type else None


class ResumeSerializer(serializers.Serializer[Any]):
    """A resume in a list, without the parsed values."""

    id = serializers.CharField(source="pk")
    user_id = serializers.CharField(source="user")
    job_id = serializers.CharField(source="job", allow_null=True)
    source = serializers.ChoiceField(SOURCES)  # type: ignore[assignment]
    status = serializers.ChoiceField(STATUSES)
    refusal = RefusalSerializer(
        allow_null=True, help_text="Why the file was rejected. The resume is deleted after a week."
    )
    version = serializers.IntegerField(help_text="Starts at 1 for each source and job.")
    content = JSONResumeField(help_text="Empty until the status is `ready`.")
    missing_skills = serializers.ListField(child=serializers.CharField())
    file = UploadedFileSerializer(source="*", allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField(help_text="The time of the request that created the resume.")
    updated_at = serializers.DateTimeField(
        source="changed_at", help_text="When the resume was stored, read or confirmed."
    )


class ResumeDetailSerializer(ResumeSerializer):
    """A resume with its parsed values and the profile fields that it can fill."""

    parsed = ParsedResumeField()
    questions = Questions(
        source="parsed",
        help_text="Values with a confidence below 0.5. Ask the owner before using them; `offered_fields` omits them.",
    )
    unread = UnreadLines(
        source="parsed", help_text="The lines of the file that no value was taken from, for the owner to check."
    )
    offered_fields = OfferedFields(source="*")


class ResumeAnswerSerializer(SuccessSerializer):
    """A response that contains one resume."""

    resume = ResumeDetailSerializer()


class ResumeIdSerializer(SuccessSerializer):
    """A response that identifies a resume."""

    resume_id = serializers.CharField(source="resume.pk")


class ConfirmationSerializer(serializers.Serializer[Any]):
    """The skills and fields of a resume to copy into the profile."""

    skills = BoundedList(
        child=StrictCharField(max_length=MAX_SKILL_LENGTH),
        max_length=MAX_SKILLS,
        required=False,
        default=list,
        help_text="Names of parsed skills to add to the profile.",
    )
    fields_ = BoundedList(
        child=StrictChoiceField(FIELD_NAMES), max_length=len(FIELD_NAMES), required=False, default=list
    )

    def get_fields(self) -> dict[str, Any]:
        # `Serializer.fields` is a property, so the field is declared under another name.
        fields = super().get_fields()
        fields["fields"] = fields.pop("fields_")
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["skills"] and not attrs["fields"]:
            message = "Select at least one value in `skills` or `fields`."
            raise serializers.ValidationError(message, "nothing_picked")
        return attrs


class ConfirmedSerializer(ResumeIdSerializer):
    """The result of a confirmation."""

    skills = serializers.ListField(child=serializers.CharField(), help_text="All skills of the profile.")
    filled = serializers.ListField(
        child=serializers.ChoiceField(FIELD_NAMES), help_text="The profile fields that were filled."
    )


class ApplySerializer(serializers.Serializer[Any]):
    """A job that the current user has applied for, and the resume that was sent."""

    user_id = OwnUserId()
    job_id = StrictCharField(max_length=MAX_ID_LENGTH)
    resume_id = StrictCharField(
        max_length=MAX_ID_LENGTH,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="The resume that was sent, if known.",
    )


class AppliedSerializer(SuccessSerializer):
    """The result of recording an application."""

    activity_id = serializers.CharField(source="activity")
