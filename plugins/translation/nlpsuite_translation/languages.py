"""Names of languages as files' suffixes and columns have them, and whether data is in the languages of a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlpsuite.api import Direction, UserError, normal_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_OTHER_NAMES = """
en eng english englisch anglais 英文 英语 英語
de deu ger german deutsch allemand 德文 德语 德語 ドイツ語
fr fra fre french français francais französisch 法文 法语 法語 フランス語
es spa spanish español espanol spanisch 西班牙文 西班牙语 西班牙語 西语
it ita italian italiano italienisch 意大利文 意大利语 意大利語
pt por portuguese português portugues 葡萄牙文 葡萄牙语 葡萄牙語 葡语
nl nld dut dutch nederlands 荷兰文 荷兰语
sv swe swedish svenska 瑞典语
da dan danish dansk 丹麦语
no nor norwegian norsk 挪威语
fi fin finnish suomi 芬兰语
pl pol polish polski 波兰文 波兰语
cs ces cze czech 捷克语
hu hun hungarian magyar 匈牙利语
ro ron rum romanian 罗马尼亚语
el ell gre greek 希腊语
ru rus russian русский 俄文 俄语 俄語
uk ukr ukrainian українська 乌克兰语
tr tur turkish türkçe 土耳其语
ar ara arabic 阿拉伯文 阿拉伯语 阿拉伯語
fa fas per persian farsi 波斯语
he heb hebrew 希伯来语
hi hin hindi 印地语
th tha thai 泰文 泰语 泰語
vi vie vietnamese 越南文 越南语 越南語
id ind indonesian 印尼文 印尼语 印度尼西亚语
ja jpn jp japanese 日文 日语 日語 日本語
ko kor kr korean 韩文 韩语 韓文 韓語 한국어
zh zho chi cn chinese mandarin 中文 汉语 漢語 汉文 华语 中国語 普通话 简体中文 繁体中文 繁體中文
"""
_CODES = """
af am az be bg bn bs ca cy et eu ga gl gu hr hy is jv ka kk km kn ku ky la lb lo lt lv mg mi mk ml mn mr ms my nb ne nn oc
pa ps rw sd si sk sl so sq sr su sw ta te tg tk tl tt ug ur uz wo xh yi yo zu
"""
_LANGUAGE = {name: line.split()[0] for line in _OTHER_NAMES.strip().splitlines() for name in line.split()}
_LANGUAGE |= {code: code for code in _CODES.split()}
LANGUAGE_NAMES = frozenset(_LANGUAGE)
"""Codes and names of languages, as columns are named."""

NAMED_PAIRS = (
    *(("source", "target"), ("src", "tgt"), ("src", "trg"), ("src", "dst"), ("source_text", "target_text")),
    *(("src_text", "tgt_text"), ("source_sentence", "target_sentence"), ("original", "translation")),
    *(("原文", "译文"), ("原文", "譯文"), ("源文", "译文"), ("原文", "翻译"), ("原文", "翻譯")),
)
"""Names that say which side is the source, and no language."""
TEXT_NAMES = ("text", "sentence", "input")
_GENERIC = re.compile(r"column_\d+|\d+")


def language_of(name: str) -> str | None:
    """Return the code of the language that a name names (`de`, `de_AT`, `zh-Hans`, `German`, `德文`), or None."""
    plain = normal_name(name)
    return _LANGUAGE.get(plain) or _LANGUAGE.get(plain.split("_")[0])


def suffix_language(name: str) -> str | None:
    """Return what tells a suffix from those of other languages: it need be no known language, but not `src` or the like."""
    plain = normal_name(name)
    if plain in TEXT_NAMES or _GENERIC.fullmatch(plain) or any(plain in pair for pair in NAMED_PAIRS):
        return None
    return language_of(name) or plain


def english_first(names: Iterable[str]) -> list[str]:
    """Return the names in their order, but English, by any of its names, before others: the source unless it is set."""
    return sorted(names, key=lambda name: language_of(name) != "en")


def find_language(names: Sequence[str], language: str) -> str | None:
    """Return the name that is the language's own, else the only one that means the same language, else None."""
    if language in names:
        return language
    same = [name for name in names if suffix_language(name) == suffix_language(language)]
    return same[0] if len(same) == 1 else None


def in_languages(names: Iterable[str], model: Direction, where: Path, *, need_target: bool = True) -> Direction | None:
    """Return the names of a model's languages among those of the data; None where these name no languages.

    Raises:
        UserError: The data is in other languages.
    """
    known = list(names)
    source, target = find_language(known, model.source), find_language(known, model.target)
    if source is not None and (target is not None or not need_target):
        return Direction(source, target or model.target)
    if any(suffix_language(name) for name in known):
        raise other_languages(known, model, where)
    return None


def other_languages(names: Iterable[str], model: Direction, where: Path) -> UserError:
    """Return the error about data in languages that a model does not translate between."""
    shown = ", ".join(f"`{name}`" for name in names)
    fix = "give data in these languages, or name what holds them with --set task.source=NAME --set task.target=NAME"
    return UserError(f"the data has {shown}, and the model translates {model}", where=where, fix=fix)


def check_language(name: str, language: str, model: Direction, where: Path) -> None:
    """Refuse a name that names another language than that of the model on its side.

    Raises:
        UserError: It does.
    """
    own, other = language_of(language), language_of(name)
    if own is not None and other is not None and own != other:
        raise other_languages([name], model, where)
