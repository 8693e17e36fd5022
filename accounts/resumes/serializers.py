"""What the endpoints under /resumes take and answer."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.applications.serializers import MAX_ID_LENGTH
from accounts.documents import MAX_SKILL_LENGTH, MAX_SKILLS
from accounts.resumes.documents import SOURCES, STATUSES, Resume
from accounts.resumes.files.sandbox import MAX_CHARACTERS, REASON_NAMES, REASONS
from accounts.resumes.json_resume import SCHEMA
from accounts.resumes.parsing.lines import SECTION_KINDS
from accounts.resumes.services import FIELD_NAMES, list_offered_fields
from accounts.serializers import UserSerializer
from career_navigator.api.fields import BoundedList, OwnUserId, SchemaField, StrictCharField, StrictChoiceField
from career_navigator.api.serializers import ErrorCodeField, FieldCodeField, SuccessSerializer


class ResumeInSerializer(serializers.Serializer[Any]):
    user_id = OwnUserId()
    job_id = StrictCharField(
        max_length=MAX_ID_LENGTH,
        allow_null=True,
        allow_blank=True,
        required=False,
        help_text="The posting that the resume is for, if for any.",
    )
    # The base class has attributes of these names; as fields they are taken out of its way.
    source = StrictChoiceField(  # type: ignore[assignment]
        SOURCES, help_text="`upload` takes text or a file; `generated` writes one from the profile."
    )
    content = StrictCharField(
        allow_null=True,
        allow_blank=True,
        required=False,
        trim_whitespace=False,
        help_text=f"The text of an uploaded resume, up to {MAX_CHARACTERS} characters.",
    )


class ResumeUploadSerializer(ResumeInSerializer):
    file = serializers.FileField(
        required=False, allow_empty_file=True, help_text="Text, PDF or DOCX, told by its content; up to 5 MB."
    )


class ResumeMadeSerializer(SuccessSerializer):
    resume_id = serializers.CharField(source="pk")
    status = serializers.ChoiceField(STATUSES)
    address = serializers.CharField(
        source="get_absolute_url", help_text="Where the resume, and its status, are answered."
    )
    version = serializers.IntegerField()
    missing_skills = serializers.ListField(
        child=serializers.CharField(),
        help_text="What the posting of a generated resume asks for and the profile does not hold.",
    )


class UploadRefusedSerializer(serializers.Serializer[Any]):
    """The documented error, and for a file that is not read the reason by name."""

    detail = serializers.CharField()
    code = ErrorCodeField(help_text="`upload_refused`, or that of any other invalid input.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
    error_codes = serializers.DictField(child=serializers.ListField(child=FieldCodeField()), required=False)
    reason = serializers.ChoiceField(REASON_NAMES, required=False)


class JSONResumeField(SchemaField):
    schema_name = "JSONResume"
    schema = {key: SCHEMA[key] for key in ("type", "additionalProperties", "properties")}


class FoundSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    confidence = serializers.FloatField(min_value=0, max_value=1)


class FoundYearsSerializer(serializers.Serializer[Any]):
    value = serializers.FloatField()
    confidence = serializers.FloatField(min_value=0, max_value=1)


class ParsedContactSerializer(serializers.Serializer[Any]):
    name = FoundSerializer(allow_null=True)
    email = FoundSerializer(allow_null=True)
    phone = FoundSerializer(allow_null=True)
    place = FoundSerializer(required=False, allow_null=True, help_text="As postings name theirs.")
    headline = FoundSerializer(required=False, allow_null=True, help_text="The trade named below the name.")
    links = FoundSerializer(many=True)


class ParsedSkillSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The canonical name.")
    display_name = serializers.CharField()
    confidence = serializers.FloatField(min_value=0, max_value=1)
    found_in = serializers.ListField(
        child=serializers.ChoiceField(SECTION_KINDS), help_text="The sections that name it."
    )
    mentions = serializers.IntegerField()
    quote = serializers.CharField(help_text="The line that names it.")


class ParsedPositionSerializer(serializers.Serializer[Any]):
    title = FoundSerializer(allow_null=True)
    company = FoundSerializer(allow_null=True)
    start_date = serializers.CharField(help_text="YYYY or YYYY-MM.")
    end_date = serializers.CharField(allow_null=True, help_text="YYYY or YYYY-MM; null where it goes on.")
    confidence = serializers.FloatField(min_value=0, max_value=1)


class ParsedStudySerializer(serializers.Serializer[Any]):
    institution = FoundSerializer(allow_null=True)
    degree = FoundSerializer(allow_null=True)
    area = FoundSerializer(allow_null=True)
    start_date = serializers.CharField(allow_null=True, help_text="YYYY or YYYY-MM.")
    end_date = serializers.CharField(allow_null=True, help_text="YYYY or YYYY-MM.")
    confidence = serializers.FloatField(min_value=0, max_value=1)


class ParsedLanguageSerializer(serializers.Serializer[Any]):
    language = FoundSerializer()
    fluency = serializers.CharField(allow_null=True, help_text="In the resume's words.")


class ParsedResumeSerializer(serializers.Serializer[Any]):
    """What was read from an upload, each part with its confidence, 0 to 1; empty where nothing was."""

    contact = ParsedContactSerializer(required=False)
    summary = FoundSerializer(required=False, allow_null=True)
    skills = ParsedSkillSerializer(required=False, many=True, help_text="The surest first.")
    experience = ParsedPositionSerializer(required=False, many=True)
    experience_years = FoundYearsSerializer(required=False, allow_null=True)
    education = ParsedStudySerializer(required=False, many=True)
    languages = ParsedLanguageSerializer(required=False, many=True)


@extend_schema_field(ParsedResumeSerializer)
class ParsedResumeField(serializers.DictField):
    # As it is stored: going through every part of it again would change nothing.

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return value


class OfferedFieldsSerializer(UserSerializer):
    """The fields of the profile that a confirmation can fill, as they would become; the others are left out."""

    def get_fields(self) -> dict[str, Any]:
        profile = super().get_fields()
        fields = {name: profile[name] for name in FIELD_NAMES}
        for field in fields.values():
            field.required = field.allow_null = False
        return fields


class ReasonSentence(serializers.CharField):
    def to_representation(self, value: str) -> str:
        return REASONS[value]


@extend_schema_field(OfferedFieldsSerializer)
class OfferedFields(serializers.DictField):
    def to_representation(self, value: Any) -> dict[str, Any]:
        return super().to_representation(list_offered_fields(value))


class RefusalSerializer(serializers.Serializer[Any]):
    """A reason, by name and in a sentence."""

    reason = serializers.ChoiceField(REASON_NAMES, source="*")
    detail = ReasonSentence(source="*")


class UploadedFileSerializer(serializers.Serializer[Any]):
    """The file of a resume, None of one that was written."""

    name = serializers.CharField(source="file_name", allow_null=True)
    media_type = serializers.CharField()
    size = serializers.IntegerField(
        source="file_size", help_text="In bytes; of text that came without a file, in characters."
    )

    def to_representation(self, instance: Resume) -> Any:
        return super().to_representation(instance) if instance.media_type else None


class ResumeSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="pk")
    user_id = serializers.CharField(source="user")
    job_id = serializers.CharField(source="job", allow_null=True)
    source = serializers.ChoiceField(SOURCES)  # type: ignore[assignment]
    status = serializers.ChoiceField(STATUSES)
    refusal = RefusalSerializer(allow_null=True, help_text="Why the file was not read; it is kept for a week.")
    version = serializers.IntegerField(help_text="Counts the resumes of one source for one posting.")
    content = JSONResumeField(help_text="In the JSON Resume format; empty until the status is `ready`.")
    missing_skills = serializers.ListField(child=serializers.CharField())
    file = UploadedFileSerializer(source="*", allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField(source="changed_at", help_text="When it was stored, read or confirmed.")


class ResumeDetailSerializer(ResumeSerializer):
    parsed = ParsedResumeField()
    offered_fields = OfferedFields(source="*")


class ResumeAnswerSerializer(SuccessSerializer):
    resume = ResumeDetailSerializer()


class ResumeIdSerializer(SuccessSerializer):
    resume_id = serializers.CharField(source="resume.pk")


class ConfirmationSerializer(serializers.Serializer[Any]):
    skills = BoundedList(
        child=StrictCharField(max_length=MAX_SKILL_LENGTH),
        max_length=MAX_SKILLS,
        required=False,
        default=list,
        help_text="Names of parsed skills, which are added to those of the profile.",
    )
    fields_ = BoundedList(
        child=StrictChoiceField(FIELD_NAMES), max_length=len(FIELD_NAMES), required=False, default=list
    )

    def get_fields(self) -> dict[str, Any]:
        # A serializer has an attribute of its own that is called `fields`.
        fields = super().get_fields()
        fields["fields"] = fields.pop("fields_")
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["skills"] and not attrs["fields"]:
            sentence = "The body has to pick what to take over: at least one of `skills` and `fields`."
            raise serializers.ValidationError(sentence, "nothing_picked")
        return attrs


class ConfirmedSerializer(ResumeIdSerializer):
    skills = serializers.ListField(child=serializers.CharField(), help_text="Those of the profile, now.")
    filled = serializers.ListField(child=serializers.ChoiceField(FIELD_NAMES), help_text="The fields that were filled.")


class ApplySerializer(serializers.Serializer[Any]):
    user_id = OwnUserId()
    job_id = StrictCharField(max_length=MAX_ID_LENGTH)
    resume_id = StrictCharField(
        max_length=MAX_ID_LENGTH,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="The resume that was sent, if it is known.",
    )


class AppliedSerializer(SuccessSerializer):
    activity_id = serializers.CharField(source="activity")
