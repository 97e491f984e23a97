"""Coroutines that ask what is in a file: a thread looks, and the event loop goes on."""

import asyncio
import io
import os
import threading
from dataclasses import replace

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import SynchronousOnlyOperation, ValidationError

from django_nsfw.assessment import IN_A_COROUTINE, aassess, assess, memo
from django_nsfw.scanning import examined
from django_nsfw.validators import NSFWValidator
from tests.conftest import picture, upload
from tests.detectors_for_tests import ConstantDetector


class GatedDetector(ConstantDetector):
    """Answers once it may."""

    gate = threading.Event()
    asked = 0

    def predict(self, images):
        type(self).asked += 1
        assert self.gate.wait(30)
        return super().predict(images)


@pytest.fixture
def gated(settings):
    settings.NSFW_DETECTORS = {"default": {"BACKEND": "tests.test_coroutines.GatedDetector"}}
    GatedDetector.gate.clear()
    GatedDetector.asked = 0
    yield GatedDetector
    GatedDetector.gate.set()


def file(seed=1):
    return io.BytesIO(picture(seed=seed))


async def until_asked(detector, number=1):
    async with asyncio.timeout(30):
        while detector.asked < number:
            await asyncio.sleep(0.01)


def test_it_finds_what_a_call_finds(constant):
    constant.answer = 0.7
    body = file()
    body.seek(5)
    found = asyncio.run(aassess(body, name="a.jpg"))
    assert body.tell() == 5
    memo.clear()
    assert replace(found, ms=0) == replace(assess(file(), name="a.jpg"), ms=0)
    assert found.nsfw == 0.7


@pytest.mark.parametrize(
    ("body", "name", "code"),
    [
        (b"", "a.jpg", "unsupported_format"),
        (picture(format="PNG"), "a.jpg", "extension_mismatch"),
        (picture()[:300], "a.jpg", "unreadable_image"),
    ],
    ids=["empty", "another format", "cut off"],
)
def test_what_is_wrong_with_a_file_is_no_exception(constant, body, name, code):
    assert asyncio.run(aassess(io.BytesIO(body), name=name)).failure.code == code


def test_the_same_bytes_are_scored_once(constant):
    async def twice():
        return [await aassess(file()), await aassess(file())]

    first, second = asyncio.run(twice())
    assert first is second
    assert constant.inferences == 1


def test_the_loop_goes_on(gated):
    async def main():
        looking = asyncio.create_task(aassess(file()))
        await until_asked(gated)  # this loop turns
        assert not looking.done()
        gated.gate.set()
        return await looking

    assert asyncio.run(main()).nsfw == gated.answer


def test_what_waits_takes_no_thread_and_its_time_runs(gated, settings):
    settings.NSFW_LIMITS = {"max_in_flight": 1, "timeout": 0.2}

    async def main():
        before = threading.active_count()
        looking = [asyncio.create_task(aassess(file(seed))) for seed in range(1, 6)]
        await until_asked(gated)
        await asyncio.sleep(0.3)
        assert threading.active_count() <= before + 1
        gated.gate.set()
        return await asyncio.gather(*looking)

    first, *others = asyncio.run(main())
    assert first.nsfw == gated.answer
    assert [found.failure.code for found in others] == ["queue_full"] * 4
    assert gated.asked == 1


def test_what_is_cancelled_while_it_waits_is_not_looked_at(gated, settings):
    settings.NSFW_LIMITS = {"max_in_flight": 1}

    async def main():
        first = asyncio.create_task(aassess(file(1)))
        await until_asked(gated)
        second = asyncio.create_task(aassess(file(2)))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.wait([second])
        await asyncio.sleep(0)  # the word reaches the threads in the next turn of the loop
        gated.gate.set()
        return await first, await aassess(file(3))

    first, third = asyncio.run(main())
    assert first.nsfw == third.nsfw == gated.answer
    assert gated.asked == 2


def test_what_is_cancelled_while_it_is_looked_at_is_remembered(gated, settings):
    settings.NSFW_LIMITS = {"max_in_flight": 1}

    async def main():
        first = asyncio.create_task(aassess(file()))
        await until_asked(gated)
        first.cancel()
        await asyncio.wait([first])
        gated.gate.set()
        return await aassess(file())

    assert asyncio.run(main()).nsfw == gated.answer
    assert gated.asked == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_after_a_fork_there_are_threads(constant):
    constant.answer = 0.3
    asyncio.run(aassess(file(1)))
    child = os.fork()
    if not child:
        status = 1
        try:
            status = int(asyncio.run(aassess(file(2))).nsfw != 0.3)
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class TestTheValidator:
    """In the thread of the test, which has the connection to the database."""

    def test_refuses(self, db, constant):
        constant.answer = 0.97
        with pytest.raises(ValidationError) as refused:
            async_to_sync(NSFWValidator(reject=0.95).acheck)(upload())
        assert refused.value.code == "nsfw"

    def test_lets_pass_and_leaves_word(self, db, constant):
        constant.answer = 0.6
        file = upload()
        async_to_sync(NSFWValidator(reject=0.95).acheck)(file)
        assert examined(file).assessment.nsfw == 0.6


class TestInTheEventLoop:
    @pytest.mark.parametrize(
        "look",
        [assess, NSFWValidator(), NSFWValidator().check],
        ids=["assess", "validator", "check"],
    )
    def test_nothing_is_looked_at(self, db, constant, look):
        async def main():
            look(upload())

        with pytest.raises(SynchronousOnlyOperation) as refused:
            asyncio.run(main())
        assert str(refused.value) == IN_A_COROUTINE
        assert constant.inferences == 0

    def test_but_where_django_is_told_that_it_may(self, constant, monkeypatch):
        monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

        async def main():
            return assess(file())

        assert asyncio.run(main()).nsfw == constant.answer
