"""Recovery from failures: bad rows, wrong clocks, full disks, read-only stores, outdated plans."""

from tests.mutation.entries import Guard

BATCHES = "tests/core/test_batches.py"
STATEMENTS = "tests/core/test_statements.py"
HEALTH = "tests/observe/test_health.py"
SCHEDULER = "tests/core/test_scheduler.py"
METRICS = "tests/observe/test_metrics.py"

GUARDS = (
    Guard(
        "readiness proves that PostgreSQL takes writes",
        "bikerental/observe/readiness.py",
        "return not is_read_only",
        "return True",
        (f"{HEALTH}::test_a_database_that_takes_no_writes_is_not_ready",),
    ),
    Guard(
        "readiness writes into PostgreSQL's log",
        "bikerental/observe/readiness.py",
        " FROM pg_logical_emit_message(true, 'bikerental.ready', '')",
        "",
        (f"{HEALTH}::test_a_standby_is_not_ready", f"{HEALTH}::test_a_database_that_takes_no_writes_is_not_ready"),
        survives="a standby says that it is read-only as well, and a log without room ends PostgreSQL",
    ),
    Guard(
        "readiness proves that the broker takes writes",
        "bikerental/observe/readiness.py",
        'client.set(BROKER_KEY, "", ex=BROKER_KEY_SECONDS)',
        "client.ping()",
        (f"{HEALTH}::test_a_broker_that_takes_no_writes_is_not_ready",),
    ),
    Guard(
        "those who ask for readiness at once ask the database once",
        "bikerental/observe/health.py",
        "        if name not in _running or not _running[name].is_running:\n",
        "        if True:\n",
        (f"{HEALTH}::test_simultaneous_probes_run_one_check",),
    ),
    Guard(
        "a stale plan closes its connection",
        "bikerental/core/db/statements.py",
        "            database.close()\n            raise StalePlanError from error\n",
        "            raise StalePlanError from error\n",
        (f"{STATEMENTS}::test_a_read_is_repeated_after_a_column_was_retyped",),
    ),
    Guard(
        "a read with a stale plan is asked again",
        "bikerental/core/db/statements.py",
        "            if database.in_atomic_block:\n                raise\n",
        "            raise\n",
        (f"{STATEMENTS}::test_a_read_is_repeated_after_a_column_was_retyped",),
    ),
    Guard(
        "half a transaction is not asked again",
        "bikerental/core/db/statements.py",
        "            if database.in_atomic_block:\n                raise\n",
        "            pass\n",
        (
            f"{STATEMENTS}::test_within_a_transaction_the_client_must_ask_again",
            f"{STATEMENTS}::test_a_unit_of_work_begins_anew_as_a_whole",
        ),
    ),
    Guard(
        "a unit of work with a stale plan begins anew",
        "bikerental/core/db/transactions.py",
        " and not isinstance(error, StalePlanError)",
        "",
        (f"{STATEMENTS}::test_a_unit_of_work_begins_anew_as_a_whole",),
    ),
    Guard(
        "a statement that was never good is not asked again",
        "bikerental/core/db/statements.py",
        "(_STALE if is_known else _TAKEN)",
        "_STALE | _TAKEN",
        (f"{STATEMENTS}::test_a_statement_that_was_never_good_is_a_bug",),
    ),
    Guard(
        "figures take their room on the disk first",
        "bikerental/observe/metrics_files.py",
        "os.posix_fallocate(opened.fileno(), 0, self._capacity)",
        "opened.truncate(self._capacity)",
        (f"{METRICS}::test_a_full_disk_ends_no_process_and_metrics_return",),
    ),
    Guard(
        "figures go back to the disk that has room again",
        "bikerental/observe/metrics_files.py",
        "        if self._retry_at is not None and time.monotonic() > self._retry_at:\n",
        "        if False:\n",
        (f"{METRICS}::test_metrics_in_memory_are_written_when_there_is_space",),
    ),
    Guard(
        "a batch that fails is tried row by row",
        "bikerental/core/work/batches.py",
        "    return sum(run_row(task, row_id, run, failed_before=True) for row_id in row_ids)\n",
        "    return 0\n",
        (f"{BATCHES}::test_the_others_go_on",),
    ),
    Guard(
        "a row that fails is marked",
        "bikerental/core/work/batches.py",
        "        _failure_record(task, str(row_id), _code(error), now=timezone.now())\n",
        "",
        (f"{BATCHES}::test_the_others_go_on",),
    ),
    Guard(
        "a marked row is left out until it is due",
        "bikerental/core/work/batches.py",
        "rows.filter(~Exists(failed))",
        "rows",
        (f"{BATCHES}::test_the_others_go_on",),
    ),
    Guard(
        "a marked row is not tried before it is due",
        "bikerental/core/work/batches.py",
        "task=task, retry_at__lte=timezone.now()",
        "task=task",
        (f"{BATCHES}::test_the_others_go_on",),
    ),
    Guard(
        "a marked row is tried again when it is due",
        "bikerental/core/work/batches.py",
        'due.values_list("row_id", flat=True)[:RETRIES_AT_ONCE]',
        'due.none().values_list("row_id", flat=True)',
        (f"{BATCHES}::test_a_repaired_row_succeeds_when_it_is_due_again",),
    ),
    Guard(
        "a row that is done loses its mark",
        "bikerental/core/work/batches.py",
        "        failed_rows_forget(task, [row_id])\n",
        "        pass\n",
        (f"{BATCHES}::test_a_repaired_row_succeeds_when_it_is_due_again",),
    ),
    Guard(
        "a message that an operator sends again loses its mark",
        "bikerental/notifications/services/creating.py",
        "    failed_rows_forget(DELIVERING, ids)\n",
        "",
        ("tests/notifications/test_creating.py::test_a_message_that_is_tried_anew_is_no_failed_row",),
    ),
    Guard(
        "a marked row is tried at least once a day",
        "bikerental/core/work/batches.py",
        "min(RETRY_MAX, RETRY_FIRST * 2 ** min(failed.failures, 10))",
        "RETRY_FIRST * 2 ** min(failed.failures, 10)",
        (f"{BATCHES}::test_attempts_come_ever_later_and_at_least_once_a_day",),
    ),
    Guard(
        "what is not the row's fault ends the batch",
        "bikerental/core/work/batches.py",
        "ROW_ERRORS = (DataError,",
        "ROW_ERRORS = (Exception, DataError,",
        (f"{BATCHES}::test_an_error_that_no_row_caused_ends_the_batch",),
    ),
    Guard(
        "a mark holds nothing of the row's data",
        "bikerental/core/work/batches.py",
        'return f"{type(error).__name__} in {traceback.extract_tb(error.__traceback__)[-1].name}"[:200]',
        "return str(error)[:200]",
        (f"{BATCHES}::test_an_error_is_told_without_the_data",),
    ),
    Guard(
        "operators are told once of a marked row",
        "bikerental/notifications/services/failing.py",
        "FailedRow.objects.filter(told_at=None).order_by",
        "FailedRow.objects.order_by",
        (f"{BATCHES}::test_operators_are_told_once_of_all_that_is_new",),
        survives="the update asks for it too, and the message has a key: this saves reading all rows",
    ),
    Guard(
        "of two sweeps at once one tells of a marked row",
        "bikerental/notifications/services/failing.py",
        "pk__in=[row.pk for row in rows], told_at=None)",
        "pk__in=[row.pk for row in rows])",
        (f"{BATCHES}::test_one_of_two_sweeps_at_once_informs_the_operators",),
    ),
    Guard(
        "a message about marked rows is not told of itself",
        "bikerental/notifications/services/failing.py",
        "[row for row in rows if row.row_id not in map(str, own)]",
        "rows",
        (f"{BATCHES}::test_a_failed_message_about_failed_rows_is_not_told",),
    ),
    Guard(
        "beat goes on after a clock that was ahead",
        "bikerental/core/work/scheduler.py",
        "min(self.last_run_at, self._default_now())",
        "self.last_run_at",
        (f"{SCHEDULER}::test_beat_sends_tasks_whose_last_run_is_in_the_future",),
    ),
    Guard(
        "a running beat notices a clock that is set back",
        "bikerental/core/work/scheduler.py",
        "        if now < self._ticked_at:",
        "        if False:",
        (f"{SCHEDULER}::test_a_clock_that_is_set_back_while_beat_runs",),
    ),
)
