"""What buckets say, in the form that each of their makers documents."""

import json

import pytest

from django_nsfw.contrib.bucket_events.messages import Arrival, Invitation, read

from .conftest import of_s3

ARRIVED = [Arrival(bucket="media", key="photos/a cat+1.jpg")]
ENCODED = "photos/a+cat%2B1.jpg"
IN_SNS = {
    "Type": "Notification",
    "MessageId": "1",
    "TopicArn": "arn:aws:sns:us-east-1:1:uploads",
    "Subject": "Amazon S3 Notification",
    "Message": json.dumps(of_s3(ENCODED)),
}
IN_EVENTBRIDGE = {
    "version": "0",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "detail": {
        "bucket": {"name": "media"},
        "object": {"key": "photos/a cat+1.jpg", "size": 5},
        "reason": "PutObject",
    },
}


def in_seaweedfs(path: str, event: str = "create", **entry) -> dict:
    """As its filer wrote them to a webhook that was put there to see."""
    parent, _, name = path.rpartition("/")
    message = {"new_entry": {"name": name, **entry}, "new_parent_path": parent}
    return {"event_type": event, "key": path, "message": message}


@pytest.mark.parametrize(
    ("message", "found"),
    [
        pytest.param(of_s3(ENCODED), ARRIVED, id="Amazon S3"),
        pytest.param(
            {"EventName": "s3:ObjectCreated:Put", "Key": "media/x"}
            | of_s3(ENCODED, event="s3:ObjectCreated:CompleteMultipartUpload"),
            ARRIVED,
            id="MinIO",
        ),
        pytest.param(of_s3(ENCODED, ENCODED), ARRIVED * 2, id="several records"),
        pytest.param(IN_SNS, ARRIVED, id="in the envelope of SNS"),
        pytest.param(IN_EVENTBRIDGE, ARRIVED, id="EventBridge"),
        pytest.param([IN_EVENTBRIDGE, IN_EVENTBRIDGE], ARRIVED * 2, id="a batch of EventBridge"),
        pytest.param(in_seaweedfs("/buckets/media/photos/a cat+1.jpg"), ARRIVED, id="SeaweedFS"),
        pytest.param(
            in_seaweedfs("/buckets/media/photos/a cat+1.jpg", "update"),
            ARRIVED,
            id="SeaweedFS, written over",
        ),
        pytest.param(of_s3("a", event="ObjectRemoved:Delete"), [], id="S3, a deletion"),
        pytest.param(of_s3("a", event="ObjectTagging:Put"), [], id="S3, a tag"),
        pytest.param(IN_EVENTBRIDGE | {"detail-type": "Object Deleted"}, [], id="a deletion"),
        pytest.param(
            {"event_type": "delete", "key": "/buckets/media/a", "message": {"old_entry": {}}},
            [],
            id="SeaweedFS, a deletion",
        ),
        pytest.param(
            in_seaweedfs("/buckets/media/photos", is_directory=True), [], id="SeaweedFS, a folder"
        ),
        pytest.param(in_seaweedfs("/buckets/media"), [], id="SeaweedFS, the bucket"),
        pytest.param(in_seaweedfs("/etc/iam/identity.json"), [], id="SeaweedFS, no bucket"),
        pytest.param(
            in_seaweedfs("/buckets/media/.uploads/1/0001.part"), [], id="SeaweedFS, a part"
        ),
        pytest.param(
            {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "media"}, [], id="a test"
        ),
        pytest.param(
            {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.example/?t=1"},
            [Invitation(address="https://sns.example/?t=1")],
            id="an invitation of SNS",
        ),
    ],
)
def test_what_arrived(message, found):
    assert read(json.dumps(message).encode()) == found


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "The message is no JSON: Expecting value: line 1 column 1 (char 0)."),
        (b"7", "A message is a JSON object, not 7."),
        (b"{}", "No message of a bucket has the keys none."),
        (b'{"user": "ann"}', "No message of a bucket has the keys user."),
        (b'{"Records": [{}]}', "The message of a bucket is incomplete: KeyError: 'eventName'."),
        (
            json.dumps(of_s3("a", bucket="")).encode(),
            "The message of a bucket is incomplete: TypeError: a name is a text, not ''.",
        ),
        (
            b'{"Type": "Notification", "Message": "hello"}',
            "The message is no JSON: Expecting value: line 1 column 1 (char 0).",
        ),
        (
            b'{"Type": "Notification"}',
            "The message of a bucket is incomplete: KeyError: 'Message'.",
        ),
    ],
)
def test_what_is_no_message_of_a_bucket(body, said):
    with pytest.raises(ValueError) as refused:
        read(body)
    assert str(refused.value) == said
