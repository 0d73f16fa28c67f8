"""Limits of photos, their checks, and bikes that reports take out of service."""

from tests.mutation.entries import Guard

LIMITS = "tests/maintenance/test_upload_limits.py"
IMAGES = "tests/media/test_images.py"
TAKING_OUT = "tests/maintenance/test_taking_out.py"
REPORTS = "tests/maintenance/test_reports.py"
UPLOADS = "bikerental/maintenance/services/uploads.py"

GUARDS = (
    Guard(
        "a rider gets so many forms for photos in an hour",
        UPLOADS,
        "    _refuse_more_than(_forms_per_hour(upload.report_id), uploads, uploads.count(), now=now)\n",
        "",
        (f"{LIMITS}::test_sixty_requests_at_once_get_the_forms_of_an_hour",),
    ),
    Guard(
        "forms for photos are counted under a lock",
        UPLOADS,
        "    open_user_lock(user_id=upload.uploader_id)\n"
        "    uploads = _uploads_of_last_hour(upload.uploader_id, upload.report_id, now)\n"
        "    _refuse_more_than(_forms_per_hour(upload.report_id), uploads, uploads.count(), now=now)\n",
        "    uploads = _uploads_of_last_hour(upload.uploader_id, upload.report_id, now)\n"
        "    _refuse_more_than(_forms_per_hour(upload.report_id), uploads, uploads.count(), now=now)\n",
        (f"{LIMITS}::test_sixty_requests_at_once_get_the_forms_of_an_hour",),
    ),
    Guard(
        "the storage is not asked for a form that is refused",
        UPLOADS,
        "    _refuse_more_than(_forms_per_hour(report_id), uploads, uploads.count(), now=now)  # before",
        "    # before",
        (f"{LIMITS}::test_the_storage_is_not_asked_for_a_form_that_is_refused",),
    ),
    Guard(
        "looks at photos are counted",
        UPLOADS,
        "    _refuse_more_than(CHECKS_PER_FORM * _forms_per_hour(upload.report_id), uploads, looks, now=now)\n",
        "",
        (f"{LIMITS}::test_checks_are_counted_too_and_the_next_is_a_429",),
    ),
    Guard(
        "looks at photos are counted under a lock",
        UPLOADS,
        "    open_user_lock(user_id=upload.uploader_id)\n"
        "    uploads = _uploads_of_last_hour(upload.uploader_id, upload.report_id, now)\n"
        "    looks",
        "    uploads = _uploads_of_last_hour(upload.uploader_id, upload.report_id, now)\n    looks",
        (f"{LIMITS}::test_checks_at_once_of_many_photos_are_all_counted",),
    ),
    Guard(
        "a photo is claimed before it is looked at",
        UPLOADS,
        "    due = _pending(upload.pk).filter(next_attempt_at__lte=now)\n",
        "    due = _pending(upload.pk)\n",
        (f"{LIMITS}::test_an_upload_is_checked_once_however_often_confirmed",),
    ),
    Guard(
        "who confirms a photo that is looked at is told to wait",
        UPLOADS,
        "    if _pending(upload.pk).exists():\n        raise UnavailableError\n",
        "",
        (f"{LIMITS}::test_a_claimed_photo_is_left_until_its_claim_expires",),
    ),
    Guard(
        "a photo that was not there may be looked at again at once",
        UPLOADS,
        "            _pending(upload.pk).update(next_attempt_at=now)\n",
        "",
        (f"{LIMITS}::test_a_missing_file_may_be_checked_again_at_once",),
    ),
    Guard(
        "a busy looker refuses at once",
        UPLOADS,
        "    with decoding():\n        if not _claim(upload, now):",
        "    with decoding(wait=5.0):\n        if not _claim(upload, now):",
        (f"{LIMITS}::test_a_busy_process_says_so_at_once",),
    ),
    Guard(
        "publishing waits for its turn",
        "bikerental/media/images.py",
        "with decoding(wait=PUBLISHER_WAIT_SECONDS):",
        "with decoding():",
        (f"{IMAGES}::test_publishing_waits_for_its_turn",),
    ),
    Guard(
        "a PNG is bounded in pixels more narrowly",
        "bikerental/media/images.py",
        'PNG_PIXELS_MAX if image.format == "PNG" else JPEG_PIXELS_MAX',
        "JPEG_PIXELS_MAX",
        (f"{IMAGES}::test_an_image_with_too_many_pixels_is_never_unpacked",),
    ),
    Guard(
        "the side of a photo is bounded",
        "bikerental/media/images.py",
        "max(image.size) > PHOTO_SIDE_MAX or ",
        "",
        (f"{IMAGES}::test_an_image_with_too_many_pixels_is_never_unpacked",),
    ),
    Guard(
        "the coefficients of a JPEG are bounded",
        "bikerental/media/images.py",
        "    if container.coefficients > JPEG_COEFFICIENT_BYTES_MAX:\n        raise PhotoPixelsError\n",
        "",
        (f"{IMAGES}::test_an_image_with_too_many_pixels_is_never_unpacked",),
    ),
    Guard(
        "a report that comes again after a ride counts",
        "bikerental/maintenance/services/reports.py",
        "before is None or counts > before.counts",
        "before is None",
        (f"{TAKING_OUT}::test_a_report_that_comes_again_after_a_ride_counts",),
    ),
    Guard(
        "what is not grave takes no bike out of service",
        "bikerental/maintenance/selectors.py",
        "state=ReportState.OPEN, kind__in=GRAVE_KINDS, counts=True",
        "state=ReportState.OPEN, counts=True",
        (f"{TAKING_OUT}::test_the_sweep_takes_no_bike_out_for_minor_reports",),
    ),
    Guard(
        "an operator's look begins the count of the hour anew",
        "bikerental/maintenance/services/taking_out.py",
        "now - TAKE_OUT_WINDOW if limit.released_at is None else max(now - TAKE_OUT_WINDOW, limit.released_at)",
        "now - TAKE_OUT_WINDOW",
        (f"{TAKING_OUT}::test_releasing_what_waits_starts_the_count_anew",),
    ),
    Guard(
        "what left service more than an hour ago does not count",
        "bikerental/maintenance/services/taking_out.py",
        "TakeOut.objects.filter(created_at__gt=since).count()",
        "TakeOut.objects.count()",
        (f"{TAKING_OUT}::test_a_bike_taken_out_an_hour_ago_does_not_count",),
    ),
    Guard(
        "a small fleet loses ten bikes in an hour and no fewer",
        "bikerental/maintenance/services/taking_out.py",
        "max(TAKE_OUTS_MIN, (in_service + done) * TAKE_OUT_PERCENT // 100)",
        "(in_service + done) * TAKE_OUT_PERCENT // 100",
        (f"{TAKING_OUT}::test_after_ten_bikes_an_hour_the_rest_waits_with_one_mail",),
    ),
    Guard(
        "the reports of a ridden bike stay open",
        "bikerental/maintenance/services/reports.py",
        "reports.exclude(bike__status=BikeStatus.RENTED).update(",
        "reports.update(",
        (f"{REPORTS}::test_reports_of_a_ridden_bike_stay_open",),
    ),
)
