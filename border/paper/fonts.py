"""The typefaces the program prints and serves: made once in the data folder, then only found.

Be Vietnam Pro carries Vietnamese and English, Noto Sans SC carries Chinese; both come from
installed packages and are under the SIL Open Font License, whose text is put beside them. A PDF
embeds the TTF files; the pages serve the WOFF2 files, so that Chinese shows on a machine that has
no Chinese typeface. Not a place for layout: who draws decides which face sets which character.
fontTools is read in by whoever makes a face: a program that finds them does without.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

_STEP = 2
"""Raised by whoever changes how the files below are made; they are then made anew."""
_VIETNAMESE = ("fontpkg_be_vietnam_pro", "fontpkg-be-vietnam-pro")
_CHINESE = ("justmytype_intl_cjk", "justmytype-intl-cjk")
_PLATE_HANZI = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼挂学警港澳使领临试超"
"""The characters a mainland Chinese plate may bear. source: GA 36-2018."""
_NAME_HANZI = (
    "喆堃玥珺昇頔旸祎翀赟琎珽瑄璟晞曈垚犇镕濛甯淏湉沄洺溦潆铄锜琤瑭瑢璘璠嫄婳媞炘烜煜"
    "焜燊玘玙玚珣珮琇琍琬瑈瑒瑾璐璿暐暄昀昊旻晙晢皛皓睿祺禔禤竑筠箐芃芮荻菡蓁蕙薇邈郗郦"
    "鈜钊钧铠锴镈雯霈霖韡颀颢飏馨骁骢鹍鹮麒黛龑"
)
"""Characters met in given names, some of them beyond GB/T 2312."""
_RARE = ((0x3400, 0x9FFF), (0xF900, 0xFAFF))
"""Where Unicode's other Chinese characters stand, traditional ones among them: what somebody is
called is printed as it is written, so each block of them is cut when it is first needed."""


@dataclass(frozen=True)
class WebFace:
    """One face a page may load: what CSS calls it, and its WOFF2 file."""

    family: str
    weight: int
    path: Path


@dataclass(frozen=True)
class FontSet:
    """The faces in one folder, named for what they set. `recipe` changes when any file does."""

    folder: Path
    recipe: str

    @property
    def latin_regular(self) -> Path:
        """Vietnamese and English text (TTF)."""
        return self.folder / "latin-regular.ttf"

    @property
    def latin_bold(self) -> Path:
        """Vietnamese and English text that must be seen first (TTF)."""
        return self.folder / "latin-bold.ttf"

    @property
    def chinese_regular(self) -> Path:
        """Chinese text: GB/T 2312 with its punctuation, and more of people's names (TTF)."""
        return self.folder / "chinese-regular.ttf"

    @property
    def plate_bold(self) -> Path:
        """The bold Chinese characters of plates, and no others (TTF)."""
        return self.folder / "plate-bold.ttf"

    @property
    def block_styles(self) -> Path:
        """The style sheet that names the faces of rare characters (CSS)."""
        return self.folder / "rare.css"

    def block(self, code: int) -> Path | None:
        """Return the face (TTF) of the 256 code points around a rare Chinese character.

        Made in a third of a second when first asked for, then only found; None where `code` is no
        Chinese character. The WOFF2 of the same characters lies beside it, for the pages.
        """
        if not any(first <= code <= last for first, last in _RARE):
            return None
        path = self.folder / "blocks" / f"chinese-{code >> 8:02x}.ttf"
        if not path.is_file() or not path.with_suffix(".woff2").is_file():
            _make_block(code >> 8, path)
        return path

    @property
    def web_faces(self) -> tuple[WebFace, ...]:
        """The faces for the pages, in the order CSS should try their families."""
        return (
            WebFace("Be Vietnam Pro", 400, self.latin_regular.with_suffix(".woff2")),
            WebFace("Be Vietnam Pro", 700, self.latin_bold.with_suffix(".woff2")),
            WebFace("Noto Sans SC", 400, self.chinese_regular.with_suffix(".woff2")),
        )


def prepare_fonts(data_dir: Path) -> FontSet:
    """Make the typefaces under `data_dir`/fonts unless they are there, and return them.

    The first call takes some ten seconds and belongs in a thread; later ones only look. The folder
    is named after the recipe and appears whole or not at all, so several processes may call at
    once, and one that still serves an older recipe keeps its files. Needs no network.
    """
    recipe = _recipe()
    parent = data_dir / "fonts"
    fonts = FontSet(parent / recipe, recipe)
    if not fonts.folder.is_dir():
        parent.mkdir(parents=True, exist_ok=True)
        making = Path(mkdtemp(prefix=".making-", dir=parent))
        making.chmod(0o755)
        try:
            _make(FontSet(making, recipe))
            _put_in_place(making, fonts.folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return fonts


def _make_block(number: int, path: Path) -> None:
    """Write the face of one block, whole or not at all; a rival has made the same bytes."""
    path.parent.mkdir(exist_ok=True)
    making = Path(mkdtemp(prefix=".making-", dir=path.parent))
    try:
        made = making / path.name
        _cut(_chinese_source(), range(number << 8, (number + 1) << 8), 400, made, f"{number:02x}")
        _compress(made, made.with_suffix(".woff2"))
        for file in (made.with_suffix(".woff2"), made):
            os.replace(file, path.parent / file.name)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _block_styles() -> str:
    """Return the style sheet by which a page loads a block only where it shows its characters."""
    numbers = (n for first, last in _RARE for n in range(first >> 8, (last >> 8) + 1))
    return "".join(
        f'@font-face{{font-family:"Noto Sans SC Rare";font-display:swap;'
        f'src:url(/fonts/blocks/chinese-{n:02x}.woff2) format("woff2");'
        f"unicode-range:U+{n:02X}00-{n:02X}FF}}\n"
        for n in numbers
    )


def _recipe() -> str:
    """Return a short name that changes with the steps or with either package of typefaces."""
    parts = (str(_STEP), version(_VIETNAMESE[1]), version(_CHINESE[1]))
    return sha256("|".join(parts).encode()).hexdigest()[:12]


def _put_in_place(made: Path, folder: Path) -> None:
    """Rename `made` to `folder`; a rival who was faster has made the same files."""
    try:
        os.rename(made, folder)
    except OSError:
        if not folder.is_dir():
            raise


def _make(fonts: FontSet) -> None:
    """Write every file of `fonts` into its folder; the same packages give the same bytes."""
    vietnamese = Path(str(files(_VIETNAMESE[0])))
    _lighten(vietnamese / "files" / "BeVietnamPro-Regular.ttf", fonts.latin_regular)
    _lighten(vietnamese / "files" / "BeVietnamPro-Bold.ttf", fonts.latin_bold)
    shutil.copyfile(vietnamese / "LICENSE", fonts.folder / "latin-OFL.txt")

    source = _chinese_source()
    _cut(source, _gb2312() | _of(_NAME_HANZI), 400, fonts.chinese_regular)
    _cut(source, _of(_PLATE_HANZI), 700, fonts.plate_bold)
    shutil.copyfile(source.with_name("OFL.txt"), fonts.folder / "chinese-OFL.txt")

    for face in fonts.web_faces:
        _compress(face.path.with_suffix(".ttf"), face.path)
    fonts.block_styles.write_text(_block_styles())


def _chinese_source() -> Path:
    """Return the variable face that every Chinese face is cut from."""
    return Path(str(files(_CHINESE[0]))) / "fonts" / "ofl" / "notosanssc" / "NotoSansSC[wght].ttf"


def _gb2312() -> set[int]:
    """Return the code points of GB/T 2312 and of ASCII."""
    rows, cells = range(0xA1, 0xF8), range(0xA1, 0xFF)
    pairs = (bytes((row, cell)).decode("gb2312", "ignore") for row in rows for cell in cells)
    return _of("".join(pairs)) | set(range(0x20, 0x7F))


def _of(characters: str) -> set[int]:
    """Return the code points of `characters`."""
    return {ord(character) for character in characters}


def _lighten(source: Path, target: Path) -> None:
    """Write the whole face without its hints for coarse screens, a fifth of every slip."""
    from fontTools.ttLib import TTFont

    with TTFont(source, recalcTimestamp=False) as face:
        _keep_only(face, face.getBestCmap(), features=["*"])
        face.save(target)


def _cut(
    source: Path, code_points: Iterable[int], weight: int, target: Path, part: str = ""
) -> None:
    """Write the face of one `weight` with only `code_points` of the variable face `source`.

    The characters are cut first: fixing the weight of all 30,000 takes many times as long. Each
    weight, and each `part` of one, gets a name of its own: a PDF writer tells faces apart by it.
    """
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    with TTFont(source, lazy=True, recalcTimestamp=False) as face:
        _keep_only(face, code_points, features=[])
        instantiateVariableFont(face, {"wght": weight}, inplace=True, updateFontNames=True)
        if part:
            name = face["name"].getDebugName(6)
            face["name"].setName(f"{name}-{part}", 6, 3, 1, 0x409)
        face.save(target)


def _keep_only(face: "TTFont", code_points: Iterable[int], features: list[str]) -> None:
    """Take every other character, layout feature and all hints out of `face`."""
    from fontTools.subset import Options, Subsetter

    options = Options()
    options.hinting = False
    options.layout_features = features
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=code_points)
    subsetter.subset(face)


def _compress(ttf: Path, woff2: Path) -> None:
    """Write the same face as WOFF2."""
    from fontTools.ttLib import TTFont

    with TTFont(ttf, recalcBBoxes=False, recalcTimestamp=False) as face:
        face.flavor = "woff2"
        face.save(woff2)
