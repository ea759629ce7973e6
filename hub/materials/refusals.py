"""Why a paper is not taken, each in a sentence that tells the citizen what to do."""

from __future__ import annotations

from collections.abc import Mapping

from hub.errors import Fault, Problem

_RETAKE = ("请重新拍照或另存后再上传。", "Please take the photo again, or save the file anew.")
REFUSALS: Mapping[str, tuple[str, str, str]] = {
    "empty": ("FILE_EMPTY", "文件是空的，请重新选择。", "The file is empty. Please choose it again."),
    "heic": (
        "FILE_TYPE",
        "这是 HEIC 照片，部门系统打不开。请在手机“设置—相机—格式”中选“兼容性最佳”后重拍，或另存为 JPEG。",
        "This is a HEIC photo, which offices cannot open. Choose “Most Compatible” for the camera, or save it as JPEG.",
    ),
    "markup": ("FILE_TYPE", "这是网页文件，不是图片或 PDF。", "This is a web page, not a picture or a PDF."),
    "archive": (
        "FILE_TYPE",
        "请不要上传压缩包，请逐个上传图片或 PDF。",
        "Please send pictures or PDFs one by one, no archive.",
    ),
    "program": ("FILE_TYPE", "这是程序，不是图片或 PDF。", "This is a program, not a picture or a PDF."),
    "office": ("FILE_TYPE", "请先把文档另存为 PDF 再上传。", "Please save the document as PDF first."),
    "unknown": (
        "FILE_TYPE",
        "只能上传 JPEG、PNG、WebP 图片或 PDF。",
        "Only JPEG, PNG or WebP pictures and PDFs can be sent.",
    ),
    "extension": ("FILE_TYPE", "文件名的后缀与内容不符，请检查。", "The name says another kind of file than it is."),
    "animated": (
        "FILE_TYPE",
        "动态图片不能作为材料，请上传静态图片。",
        "A moving picture cannot be a paper. Please send a still one.",
    ),
    "office_type": ("FILE_TYPE", "该部门不接收此类文件。", "The department does not take this kind of file."),
    "broken": ("FILE_BROKEN", f"文件不完整或已损坏，{_RETAKE[0]}", f"The file is incomplete or damaged. {_RETAKE[1]}"),
    "pixels": ("FILE_UNSAFE", f"图片尺寸过大，{_RETAKE[0]}", f"The picture is too large to open safely. {_RETAKE[1]}"),
    "bomb": ("FILE_UNSAFE", f"文件展开后过大，{_RETAKE[0]}", f"The file unfolds to far more than it is. {_RETAKE[1]}"),
    "encrypted": (
        "FILE_UNSAFE",
        "PDF 有打开密码，请去掉密码后再上传。",
        "The PDF needs a password. Please save it without one.",
    ),
    "script": (
        "FILE_UNSAFE",
        "PDF 里有脚本，请用“打印为 PDF”另存后再上传。",
        "The PDF holds a script. Please print it to PDF anew.",
    ),
    "launch": (
        "FILE_UNSAFE",
        "PDF 里有自动打开其他内容的动作，请用“打印为 PDF”另存后再上传。",
        "The PDF opens other things by itself. Please print it to PDF anew.",
    ),
    "embedded": (
        "FILE_UNSAFE",
        "PDF 里夹带了其他文件，请用“打印为 PDF”另存后再上传。",
        "The PDF carries other files. Please print it to PDF anew.",
    ),
    "pages": ("FILE_TOO_LARGE", "PDF 页数太多，请分开上传。", "The PDF has too many pages. Please send it in parts."),
    "size": ("FILE_TOO_LARGE", "文件太大，请缩小后再上传。", "The file is too large. Please make it smaller."),
    "infected": (
        "FILE_INFECTED",
        "文件带有病毒，已拒收；其他材料不受影响。",
        "The file carries a virus and was refused; other papers are not affected.",
    ),
}


def refused(reason: str, path: str = "file", found: str = "") -> Problem:
    """The problem of one of these; `path` is where in the input, `found` the media type that it is."""
    code, zh, en = REFUSALS[reason]
    extra = {"reason": reason, **({"found": found} if found else {})}
    return Problem(code, faults=[Fault(path, code, {"zh": zh, "en": en})], extra=extra)
