"""Pictures, rebuilt: opened by their content, turned upright, and written anew without anything but the pixels."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps

from hub.materials.refusals import refused
from hub.materials.rules import Made, is_bomb
from hub.settings.shapes import Uploads

_FORMS = ("JPEG", "PNG", "WEBP")
_LONGEST_SIDE = 20_000
_KEPT_SIDE = 4096
_QUALITY = 88
# Each step smaller and coarser than the one before; a page of A4 can still be read at the last.
_STEPS = ((4096, 80), (3508, 70), (2480, 75), (2480, 55), (1754, 65), (1240, 60))


def rebuilt(raw: bytes) -> Made:
    """A JPEG, or a PNG where it was one, at most 4096 pixels long. Raises FILE_BROKEN, FILE_UNSAFE, FILE_TYPE."""
    image = _opened(raw)
    png = image.format == "PNG"
    try:
        return _png(_upright(image, _KEPT_SIDE)) if png else _jpeg(_upright(image, _KEPT_SIDE), _QUALITY)
    except Exception as error:  # a decoder raises nearly anything at what is broken
        raise refused("broken") from error


def fitted(raw: bytes, limits: Uploads) -> Made:
    """The picture as the office takes it; `raw` was rebuilt before. Raises FILE_TOO_LARGE when it cannot be made small
    enough to fit and still be read, FILE_TYPE when the office takes no pictures and no PDF."""
    write = _jpeg if "image/jpeg" in limits.media_types else _pdf if "application/pdf" in limits.media_types else None
    if write is None:
        raise refused("office_type")
    for side, quality in _STEPS:
        made = write(_upright(_opened(raw), side), quality)
        if len(made.body) <= limits.max_bytes:
            return made
    raise refused("size")


def _opened(raw: bytes) -> Image.Image:
    """Only its head is read: sizes are known before a pixel is unfolded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound is stricter
            image = Image.open(io.BytesIO(raw), formats=_FORMS)
        frames = getattr(image, "n_frames", 1)
    except Image.DecompressionBombError:
        raise refused("pixels") from None
    except Exception as error:  # as above
        raise refused("broken") from error
    width, height = image.size
    if max(width, height) > _LONGEST_SIDE:
        raise refused("pixels")
    if is_bomb(width * height * max(3, len(image.getbands())), len(raw)):
        raise refused("bomb")
    if frames > 1 and image.format != "MPO":  # a phone's second picture of the same moment
        raise refused("animated")
    return image


def _upright(image: Image.Image, side: int) -> Image.Image:
    image.draft("RGB", (side, side))
    turned = ImageOps.exif_transpose(image)
    turned.thumbnail((side, side))
    return turned


def _png(image: Image.Image) -> Made:
    form = "RGBA" if "A" in image.getbands() or "transparency" in image.info else image.mode
    plain = _bare(image.convert(form if form in ("RGBA", "RGB", "L", "1") else "RGB"))
    out = io.BytesIO()
    plain.save(out, "PNG")
    return Made("image/png", out.getvalue())


def _jpeg(image: Image.Image, quality: int) -> Made:
    out = io.BytesIO()
    _flat(image).save(out, "JPEG", quality=quality)
    return Made("image/jpeg", out.getvalue())


def _pdf(image: Image.Image, quality: int) -> Made:
    out = io.BytesIO()
    _flat(image).save(out, "PDF", quality=quality, resolution=150)
    return Made("application/pdf", out.getvalue())


def _flat(image: Image.Image) -> Image.Image:
    """In colour or grey, what was transparent on white paper."""
    if "A" in image.getbands() or "transparency" in image.info:
        whole = image.convert("RGBA")
        paper = Image.new("RGB", whole.size, "white")
        paper.paste(whole, mask=whole.getchannel("A"))
        return paper
    return _bare(image if image.mode in ("RGB", "L") else image.convert("RGB"))


def _bare(image: Image.Image) -> Image.Image:
    """Pixels alone: Pillow would write back EXIF, colour profile and comments that it finds in `info`."""
    image.info = {}
    return image
