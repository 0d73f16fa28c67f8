"""Text with several spellings: passwords, e-mails, numbers of bikes."""

from tests.mutation.entries import Guard

PASSWORDS = "tests/users/test_passwords.py"
TYPES = "tests/users/test_types.py"
IDN = "tests/users/test_idn.py"
NUMBERS = "tests/fleet/test_numbers.py"

GUARDS = (
    Guard(
        "a password has one form",
        "bikerental/users/types.py",
        '    return unicodedata.normalize("NFC", spaced)\n',
        "    return spaced\n",
        (f"{TYPES}::test_a_password_has_one_form", f"{PASSWORDS}::test_registered_in_one_form_and_typed_in_another"),
    ),
    Guard(
        "a password is hashed in its one form",
        "bikerental/users/services/passwords.py",
        "make_password(password_normalise(password))",
        "make_password(password)",
        (f"{PASSWORDS}::test_a_reset_password_is_normalised",),
    ),
    Guard(
        "a password that Django sets is hashed in its one form",
        "bikerental/users/models.py",
        "None if raw_password is None else password_normalise(raw_password)",
        "raw_password",
        (
            f"{PASSWORDS}::test_operators_set_and_type_it_in_either_form",
            f"{PASSWORDS}::test_a_superuser_made_at_the_command_line_too",
        ),
    ),
    Guard(
        "a hash of before lets in what was typed then",
        "bikerental/users/types.py",
        "list(dict.fromkeys([password_normalise(password), password]))",
        "[password_normalise(password)]",
        (f"{PASSWORDS}::test_an_old_hash_lets_in_what_was_typed_and_is_renewed",),
    ),
    Guard(
        "an unknown address costs the second hash too",
        "bikerental/users/services/passwords.py",
        "    for form in password_forms(password):\n        make_password(form)\n",
        "    make_password(password)\n",
        (f"{PASSWORDS}::test_every_refused_login_costs_as_many_hashes",),
    ),
    Guard(
        "a password that matches costs the second hash too",
        "bikerental/users/models.py",
        "        matching = [form for form in password_forms(raw_password) if super(User, self).check_password(form)]\n"
        "        return matching[0] if matching else None\n",
        "        forms = (form for form in password_forms(raw_password) if super(User, self).check_password(form))\n"
        "        return next(forms, None)\n",
        (f"{PASSWORDS}::test_every_refused_login_costs_as_many_hashes",),
    ),
    Guard(
        "a hash of before is renewed",
        "bikerental/users/services/sessions.py",
        "        password_rehash(user=user, password=password)\n",
        "        pass\n",
        (f"{PASSWORDS}::test_an_old_hash_lets_in_what_was_typed_and_is_renewed",),
    ),
    Guard(
        "a hash is renewed by compare-and-swap",
        "bikerental/users/services/passwords.py",
        "pk=user.pk, password=user.password)",
        "pk=user.pk)",
        (f"{PASSWORDS}::test_a_password_changed_while_its_hash_is_renewed_stays",),
    ),
    Guard(
        "a password's length is that of its one form",
        "bikerental/users/validators.py",
        "super().validate(password_normalise(password), user)",
        "super().validate(password, user)",
        (f"{PASSWORDS}::test_operators_passwords_are_counted_in_the_same_form",),
    ),
    Guard(
        "a text that is no password is not put in order",
        "bikerental/users/types.py",
        "    if len(password) > PASSWORD_LENGTH_MAX * _PARTS_MAX:\n        return password\n",
        "",
        (f"{TYPES}::test_a_long_row_of_marks_takes_no_time",),
    ),
    Guard(
        "an IDN and its punycode are one",
        "bikerental/users/types.py",
        "return local + at + domain_to_ascii(domain)",
        "return local + at + domain",
        (f"{TYPES}::test_an_address_has_one_spelling", f"{IDN}::test_one_registers_once_and_logs_in_with_either"),
    ),
    Guard(
        "an account with an IDN of before is found",
        "bikerental/users/types.py",
        "list(dict.fromkeys([email, local + at + domain_to_unicode(domain)]))",
        "[email]",
        (f"{IDN}::test_an_account_of_before_is_found_and_its_e_mail_is_taken",),
    ),
    Guard(
        "an e-mail that is taken in a spelling of before is taken",
        "bikerental/users/services/accounts.py",
        "    if len(email_spellings(email)) > 1 and user_of_email(email=email):\n        raise EmailTakenError",
        "    if False:\n        raise EmailTakenError",
        (f"{IDN}::test_an_account_of_before_is_found_and_its_e_mail_is_taken",),
    ),
    Guard(
        "an e-mail that is too long in punycode is refused",
        "bikerental/users/models.py",
        "        if len(self.email) > EMAIL_LENGTH:  # in punycode",
        "        if False:  # in punycode",
        (f"{IDN}::test_an_address_too_long_in_punycode_is_refused", f"{IDN}::test_operators_type_and_search_either"),
    ),
    Guard(
        "an operator finds an IDN in either spelling",
        "bikerental/users/admin_site.py",
        'email_normalise(word) if "@" in word else word',
        "word",
        (f"{IDN}::test_operators_type_and_search_either",),
    ),
    Guard(
        "a long label is not made punycode",
        "bikerental/core/domains.py",
        "    if domain.isascii() or _is_too_long(domain):\n",
        "    if domain.isascii():\n",
        (f"{TYPES}::test_a_long_label_takes_no_time",),
    ),
    Guard(
        "Cyrillic letters that look Latin count as Latin",
        "bikerental/fleet/numbers.py",
        '"ABEKMHOPCTYXIJS", strict=True))',
        '"ABEKMHOPCTYXIJS", strict=True)) and {}',
        (f"{NUMBERS}::test_a_bike_is_rented_by_its_number_however_it_is_typed",),
    ),
    Guard(
        "spaces and dashes in a number do not count",
        "bikerental/fleet/numbers.py",
        ' | str.maketrans("", "", _SPACES + _DASHES)',
        "",
        (f"{NUMBERS}::test_a_bike_is_rented_by_its_number_however_it_is_typed",),
    ),
    Guard(
        "the number in what a QR code holds is taken",
        "bikerental/fleet/numbers.py",
        '_number_in_address(text) if "://" in text else text',
        "text",
        (f"{NUMBERS}::test_a_bike_is_rented_by_its_number_however_it_is_typed",),
    ),
    Guard(
        "what nobody could type is no number",
        "bikerental/fleet/models.py",
        "        if key != number_key_typed(self.number) or not is_number_key(key):\n",
        "        if False:\n",
        (f"{NUMBERS}::test_a_number_that_nobody_could_type_is_refused",),
    ),
    Guard(
        "what is no number is a 400",
        "bikerental/fleet/api/serializers.py",
        "        if not is_number_key(key):\n",
        "        if False:\n",
        (f"{NUMBERS}::test_a_number_that_means_nothing_is_a_400_that_names_it",),
    ),
)
