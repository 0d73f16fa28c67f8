"""The form field of a text in several languages: an input for each language of the system."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.text import capfirst
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from bikerental.feeds.constants import NAME_LENGTH, URL_LENGTH
from bikerental.feeds.formats import url_check
from bikerental.feeds.selectors.system import languages_of, system_current


class TextsWidget(forms.MultiWidget):
    template_name = "feeds/admin/texts.html"
    use_fieldset = True

    def __init__(self, input_class: type[forms.Widget], attrs: dict[str, Any]) -> None:
        self.input_class = input_class
        self.languages: tuple[str, ...] = ()
        super().__init__({}, attrs)

    def set_languages(self, languages: tuple[str, ...]) -> None:
        self.languages = languages
        self.widgets = [self.input_class() for _language in languages]
        self.widgets_names = [f"_{language}" for language in languages]

    def decompress(self, value: Mapping[str, str] | None) -> list[str]:
        # An address may give a text for a new row, which is none of a language.
        texts = value if isinstance(value, dict) else {}
        return [texts.get(language, "") for language in self.languages]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        for language, widget in zip(self.languages, context["widget"]["subwidgets"], strict=True):
            widget["label"] = capfirst(language_name(language))
            widget["attrs"]["lang"] = language
        return context


class TextsField(forms.Field):
    """Its value is a text for each language, or nothing."""

    widget: TextsWidget

    def __init__(
        self, *, max_length: int = NAME_LENGTH, is_long: bool = False, is_url: bool = False, **options: Any
    ) -> None:
        attrs = {"rows": 4, "cols": 80} if is_long else {"size": 80}
        widget = TextsWidget(AdminTextareaWidget if is_long else AdminTextInputWidget, attrs)
        super().__init__(widget=widget, **options)
        self.checks: list[Callable[[str], None]] = [MaxLengthValidator(max_length), *([url_check] if is_url else [])]

    def to_python(self, value: Sequence[str | None] | None) -> dict[str, str]:
        given = zip(self.widget.languages, value or (), strict=False)
        return {language: text.strip() for language, text in given if text and text.strip()}

    def validate(self, value: dict[str, str]) -> None:
        if value or self.required:
            missing = [language_name(language) for language in self.widget.languages if language not in value]
            if missing:
                raise ValidationError(
                    _("Write this in every language of the system. Missing: %(languages)s."),
                    params={"languages": ", ".join(missing)},
                )

    def run_validators(self, value: dict[str, str]) -> None:
        errors = [error for text in value.values() for error in self._errors(text)]
        if errors:
            raise ValidationError(errors)

    def _errors(self, text: str) -> list[ValidationError]:
        errors = []
        for check in self.checks:
            try:
                check(text)
            except ValidationError as error:
                errors.append(error)
        return errors

    def has_changed(self, initial: Mapping[str, str] | None, data: Any) -> bool:
        """A text in a language that the system no longer has is no change."""
        shown = {language: text for language, text in (initial or {}).items() if language in self.widget.languages}
        return self.to_python(data) != shown


def urls_field(**options: Any) -> TextsField:
    return TextsField(max_length=URL_LENGTH, is_url=True, **options)


def language_name(language: str) -> str:
    try:
        return str(get_language_info(language.lower())["name_translated"])
    except KeyError:
        return language


class TextsForm(forms.ModelForm[Any]):
    """Each text has an input for each of these languages. Declared fields are called as in the model."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        languages = self.languages_of_texts()
        for name, field in self.fields.items():
            if isinstance(field, TextsField):
                field.widget.set_languages(languages)
            if field.label is None:
                field.label = capfirst(self._meta.model._meta.get_field(name).verbose_name)

    def languages_of_texts(self) -> tuple[str, ...]:
        return languages_of(system_current())
