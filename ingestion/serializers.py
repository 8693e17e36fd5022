"""What the webhook takes and answers."""

from typing import Any

from rest_framework import serializers


class WebhookEventSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(required=False)
    type = serializers.CharField(help_text="job.new and job.closed are acted on, others are passed over.")
    payload = serializers.DictField(help_text="The job, in the shape of TheirStack's search results.")


class WebhookAcceptedSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["accepted"])
