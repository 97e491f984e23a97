import pytest
from django.core.exceptions import ImproperlyConfigured

from django_nsfw.detectors import options
from django_nsfw.detectors.base import available_cpus


def test_threads_default_to_what_the_process_may_use():
    assert options.thread_count(None) == available_cpus()
    assert options.thread_count(3) == 3


def test_a_digest_is_compared_in_lower_case():
    assert options.digest("AB" * 32) == "ab" * 32
    assert options.digest(None) == ""


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (
            lambda: options.thread_count(0),
            "'threads' must be a whole number above 0, not 0.",
        ),
        (
            lambda: options.positive("batch_size", True),
            "'batch_size' must be a whole number above 0, not True.",
        ),
        (lambda: options.seconds("timeout", -1), "'timeout' must be seconds above 0, not -1."),
        (
            lambda: options.digest("abc"),
            "'sha256' must be 64 hexadecimal digits of a SHA-256, not 'abc'.",
        ),
        (
            lambda: options.names("labels", ["a", 1]),
            "'labels' must be a list of strings, not ['a', 1].",
        ),
        (
            lambda: options.one_of("precision", "int4", ["fp32", "bf16"]),
            "'precision' is 'int4', which is none of: fp32, bf16.",
        ),
        (lambda: options.file_path("path", ""), "'path' must be a path, not ''."),
    ],
)
def test_a_refusal_names_the_option_and_the_value(check, message):
    with pytest.raises(ImproperlyConfigured) as caught:
        check()
    assert str(caught.value) == message
