"""Limits of pictures and uploads."""

from datetime import timedelta

PHOTO_BYTES_MAX = 5 * 1024 * 1024
# A process needs less than 80 MB to decode a photo within these limits. A JPEG is decoded at about the size that is
# published; a progressive JPEG also keeps its coefficients, 2 bytes for each sample.
JPEG_PIXELS_MAX, PNG_PIXELS_MAX = 65_000_000, 10_000_000
JPEG_COEFFICIENT_BYTES_MAX = 40 * 1024 * 1024
# The limit of JPEG. For a PNG with longer or more rows, the decoder keeps much besides the pixels.
PHOTO_SIDE_MAX = 65_535
# The longer side of the published sizes, in pixels.
LARGE_PX, SMALL_PX = 1600, 320

RAW_TYPE = "application/octet-stream"  # uploads are never served with the type that they claim
WEBP_TYPE = "image/webp"
# Published names are never used again. A signed URL changes every half hour.
CACHE_CONTROL = "private, max-age=3600, immutable"

URL_SECONDS = 3600
# A URL is signed with the start of its half hour, so it is valid for at least half an hour more. All requests in that
# half hour get the same URL, so a phone can cache the picture.
URL_WINDOW_SECONDS = 1800
URLS_KEPT = 10_000

UPLOAD_TIME = timedelta(minutes=10)
