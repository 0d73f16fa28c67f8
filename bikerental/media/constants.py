"""Limits of pictures and uploads."""

from datetime import timedelta

PHOTO_BYTES_MAX = 5 * 1024 * 1024
# What a process needs to decode a photo stays below 80 MB. A JPEG is decoded at the size that is published;
# a progressive one keeps its coefficients besides, 2 bytes for each sample.
JPEG_PIXELS_MAX, PNG_PIXELS_MAX = 65_000_000, 10_000_000
JPEG_COEFFICIENT_BYTES_MAX = 40 * 1024 * 1024
PHOTO_SIDE_MAX = 65_535  # a JPEG's; of a PNG whose rows are longer or more, the decoder keeps much besides the pixels
# What is published: the longer side in pixels.
LARGE_PX, SMALL_PX = 1600, 320

RAW_TYPE = "application/octet-stream"  # nothing raw is ever shown as what it says it is
WEBP_TYPE = "image/webp"
# Published names are never used again; a signed URL changes every half hour.
CACHE_CONTROL = "private, max-age=3600, immutable"

UPLOAD_TIME = timedelta(minutes=10)
