"""The fields of a page, read from its own marks: what each is called, and what stands in it.

The words of a label are in the reader's language already, so whoever speaks of a field, as the
summary of errors does, calls it what the page calls it.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_JOINT = " · "


@dataclass
class DrawnForm:
    """A form: where it goes, and what it carries without being asked."""

    action: str = ""
    carries: dict[str, str] = field(default_factory=dict)


@dataclass
class DrawnField:
    """A field people fill in; `called` is its label under the headings around it.

    Boxes to tick that belong together are one field, known by the heading they share.
    """

    form: DrawnForm
    name: str
    id: str
    value: str
    headings: list[str]
    label: str

    @property
    def called(self) -> str:
        """What the page calls the field."""
        return _JOINT.join(filter(None, [*self.headings, self.label]))


@dataclass
class _Group:
    """A fieldset: its id and the words of its legend."""

    id: str
    legend: str = ""


class DrawnPage(HTMLParser):
    """The fields of a page. What stands in a <template> is none of them."""

    def __init__(self, marks: str) -> None:
        super().__init__()
        self.controls: list[DrawnField] = []
        self._labels: dict[str, str] = {}
        self._groups: list[_Group] = []
        self._form, self._for = DrawnForm(), ""
        self._in_template = self._aside = False
        self._text: list[str] | None = None
        self._in_label: list[DrawnField] = []
        self.feed(marks)
        self.close()
        for one in self.controls:
            one.label = self._labels.get(one.id, one.label)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a form, a group or a label; take a field up."""
        given = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self._form = DrawnForm(given.get("action", ""))
            case "template":
                self._in_template = True
            case "fieldset":
                self._groups.append(_Group(given.get("id", "")))
            case "legend":
                self._text = []
            case "label":
                self._text, self._for, self._in_label = [], given.get("for", ""), []
            case "span" if given.get("class") == "optional":
                self._aside = True
            case "input" if given.get("type") == "hidden":
                self._form.carries[given.get("name", "")] = given.get("value", "")
            case "input" | "select" | "textarea" if not self._in_template:
                self._take(given)
                self._text = [] if tag == "textarea" else self._text

    def _take(self, given: dict[str, str]) -> None:
        id, label, groups = given.get("id", ""), given.get("aria-label", ""), self._groups
        is_choice = given.get("type") in ("radio", "checkbox")
        if is_choice and id:
            groups = []
        elif is_choice and groups:
            id, label, groups = groups[-1].id, groups[-1].legend, groups[:-1]
        control = DrawnField(
            self._form,
            given.get("name", ""),
            id,
            "" if is_choice else given.get("value", ""),
            [group.legend for group in groups],
            label,
        )
        self.controls.append(control)
        self._in_label.append(control)

    def handle_endtag(self, tag: str) -> None:
        """Close what was open: its words are known now."""
        match tag:
            case "form":
                self._form = DrawnForm()
            case "template":
                self._in_template = False
            case "fieldset" if self._groups:
                self._groups.pop()
            case "span":
                self._aside = False
            case "legend" if self._groups:
                self._groups[-1].legend = self._words()
            case "textarea" if self.controls:
                self.controls[-1].value = self._words()
            case "label":
                words = self._words()
                if self._for:
                    self._labels[self._for] = words
                for one in self._in_label:
                    one.label = one.label or words
                self._in_label = []

    def handle_data(self, data: str) -> None:
        """Take words up, but for what is said beside a label."""
        if self._text is not None and not self._aside:
            self._text.append(data)

    def _words(self) -> str:
        words, self._text = " ".join("".join(self._text or ()).split()), None
        return words
