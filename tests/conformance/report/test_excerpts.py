"""The bytes around a cut, as a person reads them."""

from conformance.report.excerpts import escaped, excerpts

BODY = 'data: "é"\r\n\r\ndata: 2\n\n'.encode()


def test_every_byte_is_written_as_python_writes_it() -> None:
    every = bytes(range(256))
    assert escaped(every).encode().decode("unicode_escape").encode("latin-1") == every
    assert escaped(b'\r\n\t\\"\x00\xc3\xa9') == r"\r\n\t\\" + '"' + r"\x00\xc3\xa9"


def test_a_cut_is_shown_with_what_stands_on_both_sides() -> None:
    [found], length = excerpts(BODY, (8,), "")
    assert (found.at, found.before, found.after) == (8, r'data: "\xc3', r'\xa9"\r\n\r\ndata: 2\n\n')
    assert length == len(BODY)


def test_of_many_cuts_some_are_shown_and_no_place_twice() -> None:
    found, _ = excerpts(BODY, (1, 1, 2, 3, 4, 5, 6), "")
    assert [excerpt.at for excerpt in found] == [1, 2, 3, 4]


def test_a_transform_is_shown_where_it_begins_to_change_the_bytes() -> None:
    body = b"data: 1\n\ndata: 2\n\n"
    [found], length = excerpts(body, (), "crlf")
    assert (found.before, found.after[:4], length) == ("data: 1", r"\r\n", len(body) + 4)
    [found], length = excerpts(body, (), "truncate@3")
    assert (found.at, found.before, found.after, length) == (3, "dat", "", 3)
    assert excerpts(body, (), "") == ((), len(body))
