"""The typefaces: complete for three languages, made once, whole or not at all."""

import shutil
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from border.paper import fonts
from border.paper.fonts import FontSet, prepare_fonts

VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđ₫"
CHINESE = "口岸通行单车牌号河口时间老街金城驾驶员货物，。（）"


@pytest.fixture(scope="module")
def made(fonts: FontSet, tmp_path_factory: pytest.TempPathFactory) -> FontSet:
    """The faces of the run, in a folder where no rare character has been asked for yet."""
    folder = tmp_path_factory.mktemp("typefaces") / "fonts" / fonts.recipe
    shutil.copytree(fonts.folder, folder, ignore=shutil.ignore_patterns("blocks"))
    return FontSet(folder, fonts.recipe)


def characters_of(path: Path) -> set[str]:
    with TTFont(path) as face:
        return {chr(code) for code in face.getBestCmap()}


def test_vietnamese_is_complete_in_both_weights(made: FontSet) -> None:
    for face in (made.latin_regular, made.latin_bold):
        assert set(VIETNAMESE + VIETNAMESE.upper().replace("₫", "")) <= characters_of(face)


def test_chinese_covers_the_national_character_set_and_rarer_names(made: FontSet) -> None:
    characters = characters_of(made.chinese_regular)

    assert sum("一" <= character <= "鿿" for character in characters) >= 6_763
    assert set(CHINESE) <= characters
    assert set("喆堃玥珺") <= characters


def test_every_chinese_plate_can_be_set_bold(made: FontSet) -> None:
    assert set("云桂粤挂学") <= characters_of(made.plate_bold)
    assert made.plate_bold.stat().st_size < 50_000


def test_the_two_chinese_weights_are_told_apart_by_name_and_by_weight(made: FontSet) -> None:
    faces = [TTFont(path) for path in (made.chinese_regular, made.plate_bold)]

    assert len({face["name"].getDebugName(6) for face in faces}) == 2
    assert [face["OS/2"].usWeightClass for face in faces] == [400, 700]
    assert all("fvar" not in face for face in faces)


def test_the_pages_get_the_same_characters_compressed(made: FontSet) -> None:
    for web in made.web_faces:
        assert web.path.read_bytes()[:4] == b"wOF2"
        assert characters_of(web.path) == characters_of(web.path.with_suffix(".ttf"))


def test_the_licences_lie_beside_the_faces(made: FontSet) -> None:
    for licence in ("latin-OFL.txt", "chinese-OFL.txt"):
        assert "SIL OPEN FONT LICENSE" in (made.folder / licence).read_text()


def test_a_second_call_finds_them_and_makes_nothing(made: FontSet) -> None:
    before = made.folder.stat()

    again = prepare_fonts(made.folder.parent.parent)

    assert again == made
    assert again.folder.stat() == before


def test_the_folder_is_readable_for_a_web_server_of_another_account(made: FontSet) -> None:
    assert made.folder.stat().st_mode & 0o777 == 0o755


def test_nothing_is_left_of_a_making_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_half_way(unfinished: FontSet) -> None:
        unfinished.latin_regular.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(fonts, "_make", fail_half_way)

    with pytest.raises(OSError, match="disk full"):
        prepare_fonts(tmp_path)
    assert list((tmp_path / "fonts").iterdir()) == []


def test_of_two_that_make_them_at_once_the_first_to_finish_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(unfinished: FontSet) -> None:
        unfinished.latin_regular.write_bytes(b"second")
        rival = unfinished.folder.parent / unfinished.recipe
        rival.mkdir()
        (rival / "latin-regular.ttf").write_bytes(b"first")

    monkeypatch.setattr(fonts, "_make", overtaken)

    found = prepare_fonts(tmp_path)

    assert found.latin_regular.read_bytes() == b"first"
    assert list((tmp_path / "fonts").iterdir()) == [found.folder]


def test_a_changed_recipe_is_made_anew_beside_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_make", lambda faces: faces.latin_regular.touch())
    old = prepare_fonts(tmp_path)
    monkeypatch.setattr(fonts, "_STEP", fonts._STEP + 1)

    new = prepare_fonts(tmp_path)

    assert new.recipe != old.recipe
    assert new.latin_regular.is_file()
    assert old.latin_regular.is_file()


def test_a_rare_character_gets_a_face_of_its_block_once(
    made: FontSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = made.block(ord("國"))
    assert block is not None
    assert {"國", "圖"} <= characters_of(block)
    assert characters_of(block) == characters_of(block.with_suffix(".woff2"))
    assert len({TTFont(path)["name"].getDebugName(6) for path in (block, made.block(0x9999))}) == 2
    monkeypatch.setattr(fonts, "_make_block", lambda *_: pytest.fail("made again"))
    assert made.block(ord("圖")) == block
    assert made.block(ord("A")) is None


def test_nothing_is_left_of_a_block_whose_making_failed(
    made: FontSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_compress", lambda *_: (_ for _ in ()).throw(OSError("disk full")))

    with pytest.raises(OSError, match="disk full"):
        made.block(0x3400)

    assert not [path for path in (made.folder / "blocks").iterdir() if "34" in path.name]


def test_a_page_knows_where_each_rare_block_is(made: FontSet) -> None:
    styles = made.block_styles.read_text()

    assert "/fonts/blocks/chinese-57.woff2" in styles
    assert "unicode-range:U+5700-57FF" in styles
