"""One photograph in the disguises in which people send it again."""

import io

from PIL import Image, ImageEnhance

from tests.conftest import encode, photograph

CAT = Image.open(io.BytesIO(photograph("chelsea.png"))).convert("RGB")
CUP = Image.open(io.BytesIO(photograph("coffee.png"))).convert("RGB")
FLAT = Image.new("RGB", (200, 150), (120, 130, 140))


def jpeg(image, **options):
    return encode(image, "JPEG", **{"quality": 92} | options)


ORIGINAL = jpeg(CAT)
OTHER = jpeg(CUP)

COPIES = {
    "encoded again": jpeg(CAT, quality=60),
    "as a PNG": encode(CAT, "PNG"),
    "as WebP": encode(CAT, "WEBP", quality=80),
    "smaller": jpeg(CAT.resize((226, 150))),
    "larger": jpeg(CAT.resize((902, 600))),
    "brighter": jpeg(ImageEnhance.Brightness(CAT).enhance(1.1)),
    "in grey": jpeg(CAT.convert("L").convert("RGB")),
}
TURNED = {turn.name.lower(): jpeg(CAT.transpose(turn)) for turn in Image.Transpose}
