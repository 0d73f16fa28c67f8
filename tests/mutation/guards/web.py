"""Checks before a view, and traces of requests: headers, logs, pages, households."""

from tests.mutation.entries import Guard

HEADERS = "tests/http/test_headers.py"
REDACTION = "tests/observe/test_redaction.py"
COSTS = "tests/security/test_costs.py"
PROVOKED = "tests/security/test_provoked.py"
SCHEMA = "tests/http/test_schema.py"
MIDDLEWARE = "tests/http/test_middleware.py"
ADMIN_URLS = "tests/security/test_admin_urls.py"
ADMIN_TIMES = "tests/users/test_admin_times.py"

GUARDS = (
    Guard(
        "a header has a bound",
        "bikerental/http/headers.py",
        "            if length > HEADER_BYTES_MAX:\n                return True\n",
        "",
        (f"{HEADERS}::test_a_byte_more_is_a_431",),
    ),
    Guard(
        "the rest of a body is read before the answer",
        "bikerental/http/handler.py",
        "        _read_rest(request)\n",
        "",
        ("tests/http/test_server.py::test_odd_bodies_on_the_wire",),
    ),
    Guard(
        "all headers together have a bound",
        "bikerental/http/headers.py",
        "return total > HEADERS_BYTES_MAX",
        "return False",
        (f"{HEADERS}::test_all_together_are_at_most_32_kib",),
    ),
    Guard(
        "a content type past the bound is not taken apart",
        "bikerental/http/handler.py",
        "meta if is_bounded else {}",
        "meta",
        (f"{COSTS}::test_the_header_that_django_reads_before_any_middleware",),
    ),
    Guard(
        "a host is no longer than a name can be",
        "bikerental/http/headers.py",
        '        if len(request.META.get("HTTP_HOST", "")) > HOST_LENGTH_MAX:\n',
        "        if False:\n",
        (f"{HEADERS}::test_a_host_is_no_longer_than_a_name_can_be",),
    ),
    Guard(
        "no cookie is parsed of headers that are too large",
        "bikerental/http/headers.py",
        "            request.COOKIES = {}  # the cookies are not parsed, not even for the language in them\n",
        "",
        (f"{HEADERS}::test_the_refusal_is_translated_without_reading_a_cookie",),
    ),
    Guard(
        "a cookie loses its backslashes before it is unquoted",
        "bikerental/http/headers.py",
        '        if "\\\\" in cookie:\n',
        "        if False:\n",
        (
            f"{HEADERS}::test_a_cookie_with_backslashes_spoils_no_other",
            f"{COSTS}::test_a_long_cookie_takes_linear_time",
        ),
    ),
    Guard(
        "no address is left at a cut of what is logged",
        "bikerental/observe/redaction.py",
        "{kept[: begun.start()] if begun else kept}",
        "{kept}",
        (f"{REDACTION}::test_a_long_text_is_cut_and_no_address_is_left_at_the_cut",),
    ),
    Guard(
        "an address is masked in logs",
        "bikerental/observe/redaction.py",
        '    return _RUN.sub(lambda run: "[e-mail]" if run[1] else run[0], text)\n',
        "    return text\n",
        (f"{REDACTION}::test_an_address_is_masked_and_the_rest_is_kept",),
    ),
    Guard(
        "each part of an exception in the log is cut and redacted",
        "bikerental/observe/logs.py",
        "            kept.insert(0, redacted_text(part))\n",
        "            kept.insert(0, part)\n",
        (f"{COSTS}::test_an_exception_of_many_parts_keeps_the_last",),
    ),
    Guard(
        "the parts of an exception in the log have a bound",
        "bikerental/observe/logs.py",
        "            if room < 0:\n                break\n",
        "",
        (f"{COSTS}::test_an_exception_of_many_parts_keeps_the_last",),
    ),
    Guard(
        "what strangers provoke is counted",
        "bikerental/observe/provoked.py",
        '        PROVOKED.labels(record.name.rpartition(".")[2]).inc()\n',
        "",
        (f"{PROVOKED}::test_only_bugs_reach_sentry",),
    ),
    Guard(
        "what strangers provoke is logged without a trace",
        "bikerental/observe/provoked.py",
        "        record.exc_info = record.exc_text = None\n",
        "",
        (f"{PROVOKED}::test_only_bugs_reach_sentry",),
    ),
    Guard(
        "what strangers provoke is not told to Sentry",
        "bikerental/observe/sentry.py",
        '    ignore_logger("django.security.*")\n',
        "",
        (f"{PROVOKED}::test_only_bugs_reach_sentry",),
        survives="the filter makes it a warning, and no event; this keeps it out of a later event's trail as well",
    ),
    Guard(
        "what strangers provoke is a warning",
        "bikerental/observe/provoked.py",
        '        record.levelno, record.levelname = logging.WARNING, "WARNING"\n',
        "",
        (f"{PROVOKED}::test_only_bugs_reach_sentry",),
    ),
    Guard(
        "a client does not decide what is traced",
        "bikerental/observe/sentry.py",
        'context["transaction_context"].get("op") == OP.QUEUE_TASK_CELERY and ',
        "",
        (f"{PROVOKED}::test_a_client_does_not_decide_what_is_traced",),
    ),
    Guard(
        "the Swagger document is built once",
        "bikerental/http/document.py",
        "            if self._rest is None:\n",
        "            if True:\n",
        (f"{SCHEMA}::test_any_number_of_hosts_is_one_build",),
    ),
    Guard(
        "threads that ask at once build the Swagger document once",
        "bikerental/http/document.py",
        "        with self._lock:\n",
        "        if True:\n",
        (f"{SCHEMA}::test_threads_that_ask_at_once_build_it_once",),
    ),
    Guard(
        "a page builds no Swagger document",
        "bikerental/http/document.py",
        "        def perform_content_negotiation(",
        "        def _perform_content_negotiation(",
        (f"{SCHEMA}::test_a_page_builds_no_document",),
    ),
    Guard(
        "a cache by what a client chooses has a bound",
        "bikerental/rentals/selectors.py",
        "@lru_cache(maxsize=256)\ndef _page_statement(",
        "@lru_cache(maxsize=None)\ndef _page_statement(",
        (f"{COSTS}::test_each_cache_has_a_bound",),
    ),
    Guard(
        "an IPv6 household is one",
        "bikerental/core/addresses.py",
        'return f"{int(parsed) >> 64:x}::/64"',
        "return str(parsed)",
        ("tests/core/test_addresses.py::test_addresses_of_a_household_are_equal",),
    ),
    Guard(
        "an IPv4 address written as IPv6 is itself",
        "bikerental/core/addresses.py",
        " and parsed.ipv4_mapped is None",
        "",
        ("tests/core/test_addresses.py::test_addresses_of_two_households_differ",),
    ),
    Guard(
        "a rate counts a household",
        "bikerental/http/throttles.py",
        "return client_network(client_address(request))",
        "return client_address(request)",
        ("tests/http/test_throttles.py::test_an_ipv6_household_has_one_count",),
    ),
    Guard(
        "a packed body is refused",
        "bikerental/http/parsers.py",
        '        if encoding.strip().lower() not in ("", "identity"):',
        "        if False:",
        ("tests/http/test_bodies.py::test_a_compressed_body_is_a_415",),
    ),
    Guard(
        "only who looks is redirected to the slash",
        "bikerental/http/middleware.py",
        ' or request.method not in ("GET", "HEAD")',
        "",
        (f"{MIDDLEWARE}::test_a_page_typed_without_its_slash_is_found",),
    ),
    Guard(
        "only a page is redirected to the slash",
        "bikerental/http/middleware.py",
        'return bool(getattr(view, "should_append_slash", True))',
        "return True",
        (f"{MIDDLEWARE}::test_an_operator_finds_a_page_without_its_slash",),
    ),
    Guard(
        "no page takes a NUL",
        "bikerental/http/middleware.py",
        "return _page_refused(request) or self.get_response(request)",
        "return self.get_response(request)",
        (ADMIN_URLS,),
    ),
    Guard(
        "a filter that no statement can hold is no error of the server",
        "bikerental/http/admin_queries.py",
        "            _check_statement(found)\n",
        "            pass\n",
        (ADMIN_URLS,),
    ),
    Guard(
        "what a URL gives to a form is read by its field",
        "bikerental/http/admin_queries.py",
        "            return field.to_python(given)\n",
        "            return given\n",
        ("tests/security/test_admin_urls.py::test_no_form_of_the_admin_fails",),
    ),
    Guard(
        "a page shows the city's time",
        "bikerental/http/middleware.py",
        "        with timezone.override(settings.CITY_TIME_ZONE):\n",
        "        if True:\n",
        (f"{ADMIN_TIMES}::test_a_page_shows_the_citys_time_and_names_the_zone",),
    ),
    Guard(
        "a mail shows the city's time",
        "bikerental/notifications/services/rendering.py",
        "datetime.fromisoformat(text).astimezone(ZoneInfo(zone))",
        "datetime.fromisoformat(text)",
        ("tests/notifications/test_rendering.py",),
    ),
)
