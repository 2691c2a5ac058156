"""Texts in every encoding, found by looking or told."""

from __future__ import annotations

import random

import pytest

from deltarule.errors import OptionError

TEXTS = {
    "German": ("name;stadt;größe", ["Müller;Köln;5,5", "Schäfer;München;7,1", "Groß;Düsseldorf;3,2"]),
    "French": ("nom,ville,âge", ["Lefèvre,Orléans,33", "François,Nîmes,41", "Hélène,Besançon,22"]),
    "Spanish": ("nombre,ciudad,n", ["Peña,Málaga,1", "Muñoz,León,2", "Núñez,Cádiz,3"]),
    "signs": ("t in °C,price", ["1,5 €", "2,6 €", "3,7 €"]),
    "quotes": ("text,n", ["it’s,1", "“well”,2", "don’t – no,3"]),
    "Polish": ("imię,miasto,n", ["Łukasz,Łódź,1", "Małgorzata,Kraków,2", "Paweł,Gdańsk,3"]),
    "Czech": ("jméno,město,n", ["Jiří,Plzeň,1", "Žofie,Děčín,2", "Ondřej,Tábor,3"]),
    "Turkish": ("isim,şehir,n", ["Ayşe,İstanbul,1", "Işık,Muğla,2", "Çağrı,İzmir,3"]),
    "Russian": ("имя,город,n", ["Иван,Москва,1", "Ольга,Казань,2", "Пётр,Самара,3"]),
    "Greek": ("όνομα,πόλη,n", ["Γιώργος,Αθήνα,1", "Μαρία,Πάτρα,2", "Νίκος,Βόλος,3"]),
    "Japanese": ("名前,都市,n", ["田中,東京,1", "鈴木,大阪,2", "カタカナ,ひらがな,3"]),
    "Chinese": ("姓名,城市,n", ["王伟,北京,1", "李娜,上海,2", "张敏,广州,3"]),
    "Korean": ("이름,도시,n", ["김민수,서울,1", "이영희,부산,2", "박지훈,대구,3"]),
}
PAGES = [
    ("German", "cp1252"), ("German", "mac_roman"), ("German", "cp850"), ("French", "cp1252"), ("French", "mac_roman"),
    ("Spanish", "cp1252"), ("Spanish", "latin-1"), ("signs", "cp1252"), ("quotes", "cp1252"), ("Polish", "cp1250"),
    ("Polish", "iso8859_2"), ("Czech", "cp1250"), ("Turkish", "cp1254"), ("Russian", "cp1251"), ("Russian", "koi8_r"),
    ("Russian", "cp866"), ("Greek", "cp1253"), ("Japanese", "shift_jis"), ("Japanese", "euc_jp"),
    ("Greek", "iso8859_7"), ("Chinese", "gb18030"), ("Chinese", "big5"), ("Korean", "euc_kr"),
]  # fmt: skip
WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


def text_of(language: str, times: int) -> str:
    header, lines = TEXTS[language]
    return "\n".join([header, *lines * times]) + "\n"


@pytest.mark.parametrize("times", [1, 40])
@pytest.mark.parametrize(("language", "encoding"), PAGES)
def test_code_pages_are_found_and_told(read, language, encoding, times):
    if (language, encoding) == ("Chinese", "big5"):
        text = "姓名,城市,n\n" + "王偉,北京,1\n李娜,上海,2\n張敏,廣州,3\n" * times
    else:
        text = text_of(language, times)
    found = read(text.encode(encoding))
    right = read(text.encode())
    assert found.names == right.names
    assert [found[n].texts() for n in found.names] == [right[n].texts() for n in right.names]
    assert "not UTF-8, read as " in found.notices[0]
    assert "--encoding NAME" in found.notices[0]
    told = read(text.encode(encoding), encoding=encoding)
    assert [told[n].texts() for n in told.names] == [right[n].texts() for n in right.names]
    assert told.notices == right.notices


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("language", ["German", "Polish", "signs"])
def test_wide_encodings_are_found_with_and_without_a_mark(read, language, encoding):
    text = text_of(language, 5)
    found, right = read(text.encode(encoding)), read(text.encode())
    assert [found[n].texts() for n in right.names] == [right[n].texts() for n in right.names]
    assert "read as UTF-" in found.notices[0]


def test_a_mark_of_utf8_is_no_letter(read):
    table = read(b"\xef\xbb\xbfa,b\n1,2\n")
    assert (table.names, table.notices) == (["a", "b"], ())


@pytest.mark.parametrize("bad", ["Jäger;3\n", "Weiß;3\n", "Paß;3\nÄra;4\n"])
def test_some_bytes_of_another_encoding_are_told(read, bad):
    table = read(("name;größe\n" + "Müller;1,5\nSchön;2,5\n" * 5).encode() + bad.encode("cp1252"))
    assert table["name"].texts()[10] == bad.split(";")[0]
    assert "not UTF-8 as the rest is, first in line 12" in table.notices[0]


@pytest.mark.parametrize(("encoding", "byte"), [("utf-8", "0xf6"), ("ascii", "0xf6"), ("cp949", "0xf6")])
def test_a_wrong_encoding_is_refused_with_its_line(write, refusal, encoding, byte):
    path = write("name,n\nx,1\nMöller,2\n".encode("cp1252"))
    message = refusal(path, encoding=encoding)
    assert f"is not {encoding} text: line 3 holds the byte {byte}" in message
    assert "--encoding cp1252" in message


@pytest.mark.parametrize("name", ["utf8x", "windows1252x", "hex", "idna", ""])
def test_an_unknown_encoding_is_refused(write, refusal, name):
    assert "unknown encoding" in refusal(write("a,b\n1,2\n"), OptionError, encoding=name)


@pytest.mark.parametrize(
    ("content", "count", "line"),
    [(b"a,b\n1,\0\n3,4\n", "1 NUL byte left", 2), (b"a,b\n1,2\n3,4\n" + bytes(500), "500 NUL bytes", 4)],
)
def test_nul_bytes_are_left_out_and_told(read, rows, content, count, line):
    table = read(content)
    assert rows(table)[1] == ("3", "4")
    assert count in table.notices[0]
    assert f"line {line}" in table.notices[0]


@pytest.mark.parametrize("seed", range(3))
def test_bytes_of_a_program_are_no_text(write, refusal, seed):
    rng = random.Random(seed)
    refusal(
        write(bytes(rng.randrange(32) for _ in range(2000)) + bytes(rng.randrange(256) for _ in range(500)))
    )


@pytest.mark.parametrize("cut", [1, 2])
def test_a_letter_that_was_cut_short_is_told(read, cut):
    table = read("name,n\nMüller,1\nZoë,2\nJö€".encode()[:-cut])
    assert table["name"].texts() == ["Müller", "Zoë", "Jö"]
    assert "was cut short" in table.notices[0]


def test_a_dos_end_of_file_is_no_row(read, rows):
    assert rows(read(b"a,b\r\n1,2\r\n\x1a")) == [("1", "2")]
