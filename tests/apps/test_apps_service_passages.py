"""Approved passages from files, what is wrong with them, and what a message would get from them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.apps.service.gaps import find_gaps
from dualtrack.apps.service.passages import load_passages
from dualtrack.apps.service.turn import Assistant
from dualtrack.demo.language.corpus import load_corpus
from dualtrack.errors import DualtrackError, FieldError

HEAD = "id,topic,owner,version,valid_from,valid_to,supersedes,title_en,title_zh,text_en,text_zh,keys_en,keys_zh,provenance\n"
ROWS = (
    'open,accounts,desk,1,2026-01-01,,,Opening an account,開立戶口,"Open one in the app; it costs HK$1,000 a year.","在應用程式開戶，年費港幣1,000元。",new account,開戶,ours\n'
    "lost,cards,desk,1,2026-01-01,,,Lost card,遺失卡,Block the card in the app and call 0000 5678.,請在應用程式凍結卡並致電 0000 5678。,stolen,失卡,ours\n"
)
DAY = date(2026, 11, 27)
_TURN = Assistant(load_corpus("bank"), on=DAY).turn


def written(tmp_path, rows=ROWS, head=HEAD, name="passages.csv"):
    path = tmp_path / name
    path.write_text(head + rows, encoding="utf-8")
    return path


def kinds(corpus, day=DAY):
    return [(each.kind, each.passages) for each in find_gaps(corpus, on=day)]


def test_a_table_and_a_folder_give_the_same_passages(tmp_path):
    table = load_passages(written(tmp_path))
    folder = tmp_path / "passages"
    folder.mkdir()
    for passage in table.passages:
        head = (
            f"---\nid: {passage.id}\ntopic: {passage.topic}\nowner: {passage.owner}\nversion: '{passage.version}'\n"
            f"valid_from: '{passage.valid_from}'\nprovenance: {passage.provenance}\n"
            f"title: {{en: {passage.title.en}, zh-Hant: {passage.title.zh}}}\nkeys: {{en: {passage.keys.en}, zh-Hant: {passage.keys.zh}}}\n---\n"
        )
        (folder / f"{passage.id}.md").write_text(
            f"{head}{passage.text.en}\n\n## 中文\n{passage.text.zh}\n", encoding="utf-8"
        )
    read = load_passages(folder)
    assert sorted(read.passages, key=lambda each: each.id) == sorted(table.passages, key=lambda each: each.id)
    assert kinds(table) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 passages"), (b"\xff\xfe", "UTF-8"), ((HEAD + ROWS.replace("desk", "", 1)).encode(), "row 2"),
        ((HEAD.replace("owner", "boss") + ROWS).encode(), "boss"), ((HEAD + ROWS.replace("2026-01-01", "soon", 1)).encode(), "valid_from"),
        ((HEAD + ROWS + ROWS).encode(), "twice"), ((HEAD + 'a,"b').encode(), "CSV"), ((HEAD + ROWS.replace("ours", "ours,1", 1)).encode(), "more fields"),
    ],
)  # fmt: skip
def test_a_bad_file_names_row_and_field(tmp_path, content, words):
    path = tmp_path / "passages.csv"
    path.write_bytes(content)
    with pytest.raises(DualtrackError) as failed:
        load_passages(path)
    assert words in str(failed.value)


@pytest.mark.parametrize("text", ["no head", "---\nid: a\n", "---\n- a\n---\ntext", "---\nid: a\n---\nonly English"])
def test_a_bad_page_of_markdown_is_refused(tmp_path, text):
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    with pytest.raises(DualtrackError, match=r"a\.md"):
        load_passages(tmp_path)


def test_odd_places_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.pdf").write_text("x")
    for path in (tmp_path / "empty", tmp_path / "a.pdf", tmp_path / "none.csv"):
        with pytest.raises(DualtrackError):
            load_passages(path)


def test_what_is_wrong_is_found(tmp_path):
    more = (
        "old,accounts,desk,1,2025-01-01,2025-12-31,,Old fee,舊收費,It was HK$500 a year then.,當時年費港幣500元。,,,ours\n"
        "soon,accounts,desk,1,2026-01-01,2026-12-10,,Christmas hours,聖誕時間,Branches close early on 24 December.,分行於12月24日提早關門。,,,ours\n"
        "next,accounts,desk,1,2027-01-01,,,New fee,新收費,The fee will be HK$900 a year.,年費將為港幣900元。,,,ours\n"
        "odd,fees,desk,1,2026-01-01,,,Transfer fee,轉帳收費,A transfer abroad costs HK$180 each time.,海外轉帳每次收費港幣120元。,,,ours\n"
        "odd2,fees,desk,1,2026-01-01,,,Transfer fee,匯款收費,A transfer abroad costs HK$150 each time.,海外匯款每次收費港幣150元。,,,ours\n"
        "big,fees,desk,1,2026-01-01,,,Large payments,大額付款,Above HK$1 million go to a branch please.,港幣100萬元以上請到分行辦理。,,,ours\n"
    )
    found = kinds(load_passages(written(tmp_path, ROWS + more)))
    assert set(found) == {
        ("expired", ("old",)), ("ending", ("soon",)), ("not yet", ("next",)), ("languages differ", ("odd",)),
        ("same title", ("odd", "odd2")), ("contradiction", ("odd", "odd2")),
    }  # fmt: skip


def test_the_carried_passages_hold_together():
    for use in ("bank", "broker"):
        left = {each.kind for each in find_gaps(load_corpus(use), on=DAY)}
        assert left <= {"expired", "not yet"}, "kept on purpose: passages of other years"


@pytest.fixture(scope="module")
def assistant():
    return Assistant(load_corpus("bank"), on=DAY)


@pytest.mark.parametrize(
    ("message", "outcome", "urgent", "cited"),
    [
        ("How do I open an account?", "answer", False, "acc-open"),
        ("俾人 scam 咗，密碼講咗出去點算？", "handover", True, "sec-scam"),
        ("Who won the match?", "refusal", False, None),
        ("I cannot pay my loan this month.", "answer", False, "loan-hardship"),
        ("我要真人", "handover", False, None),
    ],
)
def test_a_message_gets_a_person_a_quotation_or_an_honest_refusal(assistant, message, outcome, urgent, cited):
    turn = assistant.turn(message)
    assert (turn.outcome, turn.urgent) == (outcome, urgent)
    if cited:
        assert cited in turn.answer.citations
    assert turn.offers == ("cannot pay" in message)


@given(st.text(min_size=1, max_size=80).filter(str.strip))
def test_whatever_is_said_nothing_is_answered_without_a_source(message):
    turn = _TURN(message)
    assert (turn.answer is not None and turn.answer.citations) or turn.outcome in {"refusal", "handover"}


@pytest.mark.parametrize("message", ["", "  \n", "a" * 20_001])
def test_no_message_and_one_that_is_too_long_are_refused(assistant, message):
    with pytest.raises(FieldError):
        assistant.turn(message)


VALUES = "id,text_en,text_zh,owner,valid_from,valid_to,provenance\n"


def test_values_beside_a_table_fill_its_slots_and_what_is_wrong_with_them_is_found(tmp_path):
    rows = "fee,accounts,desk,1,2026-01-01,,,Annual fee,年費,The annual fee is {fee} a year.,年費為每年{fee}。,,,ours\n"
    path = written(tmp_path, rows=rows)
    with pytest.raises(FieldError, match="no value fills"):
        load_passages(path)
    held = tmp_path / "passages.values.csv"
    held.write_text(
        VALUES + "fee,HK$100,港幣100元,desk,2026-01-01,2026-12-05,tariff\nold,x,乙,desk,2026-01-01,,tariff\n"
    )
    corpus = load_passages(path)
    assert corpus.serving(DAY)[0].text.zh == "年費為每年港幣100元。"
    assert {("value ending", ("fee",)), ("value unused", ())} <= set(kinds(corpus))
    assert ("no value", ("fee",)) in kinds(corpus, date(2026, 12, 6))
    held.write_text(VALUES + "fee,HK$100,,desk,2026-01-01,,tariff\n")
    with pytest.raises(FieldError, match=r"passages.values.csv, row 2: no text_zh"):
        load_passages(path)
