"""Small parts that are always the same are drawn once in each language, and never mixed up."""

from pathlib import Path
from types import SimpleNamespace

from api.language import LOCALES, context_for
from api.pages.kit.drawing import engine_of

PAGE = """
{%- macro sign(name, says) %}{{ drawn.append(name) or "" }}{# -#}
<b>{{ name }}</b>{{ _(says) }}{% endmacro -%}
{%- set sign = drawn_once(sign) -%}
{{ sign("a", "Sign in") }}|{{ sign("a", "Sign in") }}|{{ sign("<", "Sign in") }}
"""


def test_a_part_is_drawn_once_for_what_it_is_given_in_each_language(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE.replace("sign", "sign_of_this_test"))
    pages = engine_of(tmp_path)
    drawn: list[str] = []
    for locale, says in zip(LOCALES, ("Đăng nhập", "登录", "Sign in"), strict=True):
        for _ in range(2):
            told = pages.get_template(f"{locale}/page.html").render(
                **context_for(locale), drawn=drawn
            )
            assert told == f"<b>a</b>{says}|<b>a</b>{says}|<b>&lt;</b>{says}"
    assert drawn == ["a", "<"] * len(LOCALES)


def test_figures_are_kept_by_their_numbers_and_names_and_not_for_ever(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "{% macro chart_of_this_test(values, says=none) %}{{ drawn.append(1) or '' }}"
        "{{ says }}: {{ values|join(' ') }}{% endmacro %}"
        "{% set chart = drawn_once(chart_of_this_test) %}{{ chart(values, says=says) }}"
    )
    page = engine_of(tmp_path).get_template("en/page.html")
    drawn: list[int] = []

    def told(values: list[int], says: str) -> str:
        words = {**context_for("en"), "values": values, "says": says, "drawn": drawn}
        return str(page.render(words))

    assert [told([1, 2], "a"), told([1, 2], "a"), told([1, 2], "b"), told([1], "b")] == [
        "a: 1 2",
        "a: 1 2",
        "b: 1 2",
        "b: 1",
    ]
    assert len(drawn) == 3
    for number in range(600):
        told([number, number], "a")
    before = len(drawn)
    assert told([599, 599], "a") == "a: 599 599"
    assert len(drawn) == before
    assert told([1, 2], "a") == "a: 1 2"
    assert len(drawn) == before + 1


def test_a_record_is_drawn_once_for_each_of_its_versions(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "{% macro line_of_this_test(row, name) %}{{ drawn.append(1) or '' }}"
        "{{ row.id }}.{{ row.version }} {{ name.vi }}{% endmacro %}"
        "{% set line = drawn_once(line_of_this_test, 'id', 'version') %}{{ line(row, name) }}"
    )
    page = engine_of(tmp_path).get_template("vi/page.html")
    drawn: list[int] = []

    def told(id: int, version: int, name: str) -> str:
        row = SimpleNamespace(id=id, version=version)
        words = {**context_for("vi"), "row": row, "name": {"vi": name}, "drawn": drawn}
        return str(page.render(words))

    shown = [told(1, 1, "a"), told(1, 1, "a"), told(1, 2, "a"), told(2, 1, "a"), told(1, 1, "b")]
    assert shown == ["1.1 a", "1.1 a", "1.2 a", "2.1 a", "1.1 b"]
    assert len(drawn) == 4


def test_parts_of_one_name_in_two_templates_are_two(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.html").write_text(
            f"{{% macro part_of_this_test(x) %}}{name}{{{{ x }}}}{{% endmacro %}}"
            "{% set part = drawn_once(part_of_this_test) %}{{ part(1) }}"
        )
    pages = engine_of(tmp_path)
    told = [pages.get_template(f"vi/{name}.html").render(context_for("vi")) for name in "ab"]
    assert told == ["a1", "b1"]


def test_what_is_said_word_for_word_is_in_the_language_as_it_is_compiled(tmp_path: Path) -> None:
    (tmp_path / "frame.html").write_text('{{ _("Sign in") }}{% block main %}{% endblock %}')
    (tmp_path / "page.html").write_text(
        '{% extends "frame.html" %}{% block main %}'
        '<a title="{{ _("Board") }}">{{ _(says) }}{{ _("until {time}", time="<1>") }}</a>'
        "{% endblock %}"
    )
    pages = engine_of(tmp_path)
    asked: list[str] = []

    def say(sentence: str, **facts: str) -> str:
        asked.append(sentence)
        return sentence.format(**facts)

    told = [
        pages.get_template(f"{locale}/page.html").render(_=say, says="Board", locale=locale)
        for locale in LOCALES
    ]
    assert told == [
        f'{sign_in}<a title="{board}">Boarduntil &lt;1&gt;</a>'
        for sign_in, board in (
            ("Đăng nhập", "Bảng thông tin"),
            ("登录", "信息看板"),
            ("Sign in", "Board"),
        )
    ]
    assert asked == ["Board", "until {time}"] * len(LOCALES)
