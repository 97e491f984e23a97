"""What the name of a file promises, held against what its bytes are.

The name is no property of the bytes: it is checked for each file, outside of the memo.
"""

from dataclasses import replace

from .exceptions import FILE_FAULTS, AssessmentError, NotAPicture, UnsupportedFormat
from .scores import Assessment, Failure


def held_to_its_name(assessment: Assessment, name: str) -> Assessment:
    """The assessment of a file of this name; of a file without a name, as it is.

    A detector that cannot be had is no excuse for a wrong name, which its sender can mend. What is
    no picture and calls itself one is at fault, and none of the other files that a field may take.
    """
    failure = assessment.failure
    if not name:
        return assessment
    if failure is not None and failure.code in FILE_FAULTS:
        return assessment.failed(_unless_promised(failure, name))
    from .images import check_extension

    try:
        check_extension(name, assessment.format)
    except AssessmentError as error:
        failure = Failure(code=error.code, message=str(error), params=error.params)
        return assessment.failed(failure)
    return assessment


def _unless_promised(failure: Failure, name: str) -> Failure:
    from .images import promises_picture

    if failure.code == NotAPicture.code and promises_picture(name):
        return replace(failure, code=UnsupportedFormat.code)
    return failure
