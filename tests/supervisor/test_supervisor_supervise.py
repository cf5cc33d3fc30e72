from __future__ import annotations

import io
import json
import shutil

import pytest
from rich.console import Console
from supervisor_world import FirmDesk, Watchdog

import dualtrack_verify
from dualtrack.cli.exchange_view import show_market
from dualtrack.domain.records import Text
from dualtrack.errors import FieldError, InputError, NotFoundError, SignatureError
from dualtrack.ledger.note import parse_signature_line
from dualtrack.ledger.witness_request import build_request
from dualtrack.store.store import Store
from dualtrack.store.verdicts import prove
from dualtrack.supervisor.anchors import keep_anchors, kept_anchors
from dualtrack.supervisor.cosignatures import take_cosignatures
from dualtrack.supervisor.firm import answer
from dualtrack.supervisor.issue import issue_notice
from dualtrack.supervisor.market_page import market_page
from dualtrack.supervisor.notice import Asked
from dualtrack.supervisor.supervise import supervise


def head(sitting):
    [line] = sitting.market.heads
    return line


def request(desk, old: int) -> tuple[str, bytes]:
    repository = desk.register.repository
    newest = repository.head()
    proof = repository.consistency_proof(old, newest.size) if 0 < old < newest.size else []
    return "request.txt", build_request(old, proof, newest.note)


def flipped(data: bytes) -> bytes:
    """Change one byte in the middle of the entries: the archive's own checks must see it."""
    place = data.index(b"early-warning", len(data) // 3)
    return data[:place] + b"E" + data[place + 1 :]


def test_verdicts_are_recomputed_counted_and_heads_cosigned(firm, watchdog):
    firm.add_use("second", area="service")
    firm.assess()
    done = watchdog.sit(firm.bundles(), firm.anchors())
    assert [item.result for item in done.items] == ["verified", "verified"]
    cells = {(cell.area, cell.sector): cell for cell in done.market.cells}
    assert len(cells) == 24
    measured, bare = cells["risk", "bank"], cells["service", "bank"]
    assert (measured.n, measured.authentic, measured.verdicts) == (1, 1, {"permitted": 1})
    assert (measured.safety.held, measured.safety.applicable) == (1, 1)
    assert (measured.benefit.held, measured.benefit.applicable) == (1, 1)
    [estimate] = measured.estimates
    assert (estimate.estimate, estimate.low, estimate.high, estimate.n) == (0.03, 0.02, 0.04, 100)
    assert estimate.data_digest == "a" * 64
    assert (bare.verdicts, bare.estimates, bare.benefit.held) == ({"nothing_measured": 1}, [], 0)
    assert cells["crime", "insurer"].n == 0
    assert head(done).size == firm.register.repository.size()
    assert head(done).line is not None


def test_what_was_received_is_kept_and_recorded_once(firm, watchdog):
    bundles = firm.bundles()
    watchdog.sit(bundles, firm.anchors())
    watchdog.sit(bundles, firm.anchors())
    [entry] = watchdog.register.repository.entries(kinds=("received/1",))
    record = json.loads(entry.content)
    assert (record["use"], record["verdict"], record["result"]) == (firm.use, "permitted", "verified")
    kept = watchdog.workspace.path(f"received/test-bank/{record['digest']}.zip")
    assert kept.read_bytes() == bundles[0][1]
    assert entry.parsed.institution == "watchdog"


def test_without_anchors_nothing_is_authentic_and_nothing_is_cosigned(firm, watchdog):
    done = watchdog.sit(firm.bundles())
    assert done.items[0].result == "consistent"
    assert "authenticity not established" in done.items[0].words
    assert (head(done).line, head(done).reason) == (None, "no-anchor")
    assert sum(cell.authentic for cell in done.market.cells) == 0
    assert sum(cell.n for cell in done.market.cells) == 1


def test_an_institution_that_the_anchors_do_not_name_stays_unestablished(firm, watchdog, tmp_path):
    with FirmDesk(tmp_path / "other", "other-bank") as other:
        other.set_up()
        done = watchdog.sit([*firm.bundles(), *other.bundles()], firm.anchors())
    assert [item.result for item in done.items] == ["verified", "consistent"]
    assert [(line.institution, bool(line.line)) for line in done.market.heads] == [
        ("other-bank", False),
        ("test-bank", True),
    ]


def test_anchors_of_another_root_refuse(firm, watchdog, tmp_path):
    with FirmDesk(tmp_path / "impostor", "test-bank") as impostor:
        impostor.set_up()
        done = watchdog.sit(firm.bundles(), impostor.anchors())
    assert (done.items[0].result, done.items[0].reason) == ("refused", "root-key")
    assert done.market.heads == []


def test_a_tampered_bundle_is_named_with_its_reason_and_the_others_proceed(firm, watchdog):
    firm.add_use("second", area="service")
    firm.assess()
    [(name, data), other] = firm.bundles()
    done = watchdog.sit([(name, flipped(data)), other, ("noise.zip", b"no zip at all")], firm.anchors())
    refused = {line.source: line.reason for line in done.market.not_recomputed}
    assert refused == {name: "zip-crc", "noise.zip": "zip-stray"}
    assert sum(cell.n for cell in done.market.cells) == 1
    assert head(done).line is not None
    results = [json.loads(item.content) for item in watchdog.register.repository.entries(kinds=("received/1",))]
    assert sorted(item["result"] for item in results) == ["refused", "refused", "verified"]


def test_a_demo_bundle_is_refused_in_a_real_workspace_and_loud_in_a_demo(tmp_path, watchdog):
    with FirmDesk(tmp_path / "fiction", "test-bank", demo=True) as fiction:
        fiction.set_up()
        done = watchdog.sit(fiction.bundles(), fiction.anchors())
        assert (done.items[0].result, done.items[0].reason) == ("refused", "demo")
        assert (head(done).line, head(done).reason) == (None, "demo")
        broken = [("broken.zip", fiction.bundles()[0][1][:-1])]
        mixed = watchdog.sit([*fiction.bundles(), *broken], fiction.anchors())
        assert (head(mixed).line, head(mixed).reason) == (None, "demo")
        with Watchdog(tmp_path / "stage", demo=True) as stage:
            staged = stage.sit(fiction.bundles(), fiction.anchors())
    assert staged.items[0].result == "verified"
    assert staged.market.demo
    assert "虛構" in market_page(staged.market)


def test_a_forked_log_of_one_size_is_refused_and_said(firm, watchdog, tmp_path):
    with firm.twin(tmp_path / "twin") as twin:
        firm.assess()
        twin.assess()
        bundles = [("a.zip", prove(firm.register, firm.use)), ("b.zip", prove(twin.register, firm.use))]
        done = watchdog.sit(bundles, firm.anchors())
    assert [item.result for item in done.items] == ["verified", "verified"]  # each side of a fork is sound by itself
    assert (head(done).line, head(done).reason) == (None, "forked")
    assert any("a.zip" in said and "b.zip" in said for said in head(done).others)


def test_a_fork_shows_even_where_the_heads_differ_in_size(firm, watchdog, tmp_path):
    with firm.twin(tmp_path / "twin") as twin:
        for desk in (firm, twin):
            desk.evidence("early-warning", "check", {"estimate": 0.8, "low": 0.6, "high": 0.9, "n": 100})
            desk.assess()
        twin.assess()
        bundles = [("a.zip", prove(firm.register, firm.use)), ("b.zip", prove(twin.register, firm.use))]
        done = watchdog.sit(bundles, firm.anchors(), [request(twin, firm.register.repository.size())])
    assert (head(done).line, head(done).reason) == (None, "forked")
    assert any("differs between two bundles" in said for said in head(done).others)


def test_a_rewritten_log_of_the_same_size_is_refused_by_the_witness(firm, watchdog, tmp_path):
    with firm.twin(tmp_path / "twin") as twin:
        firm.assess()
        assert head(watchdog.sit(firm.bundles(), firm.anchors())).line is not None
        twin.assess()
        done = watchdog.sit(twin.bundles(), twin.anchors())
    assert (head(done).line, head(done).reason) == (None, "same-size-different-root")


def test_a_rewritten_log_cannot_prove_that_it_extends(firm, watchdog, tmp_path):
    with firm.twin(tmp_path / "twin") as twin:
        firm.assess()
        seen = head(watchdog.sit(firm.bundles(), firm.anchors())).size
        twin.assess()
        twin.assess()
        done = watchdog.sit(twin.bundles(), twin.anchors(), [request(twin, seen)])
    assert (head(done).line, head(done).reason) == (None, "no-proof")


def test_a_shorter_log_than_was_cosigned_is_refused(firm, watchdog):
    old = firm.bundles()
    firm.assess()
    watchdog.sit(firm.bundles(), firm.anchors())
    done = watchdog.sit(old, firm.anchors())
    assert (head(done).line, head(done).reason) == (None, "smaller")


def test_growth_needs_a_request_and_then_is_cosigned(firm, watchdog):
    first = head(watchdog.sit(firm.bundles(), firm.anchors()))
    firm.assess()
    without = watchdog.sit(firm.bundles(), firm.anchors())
    assert head(without).reason == "no-proof"
    assert f"--old {first.size}" in head(without).detail
    done = watchdog.sit(firm.bundles(), firm.anchors(), [request(firm, first.size), ("bad.txt", b"nothing")])
    assert head(done).line is not None
    assert done.unreadable_requests[0].startswith("bad.txt")


def test_a_request_that_no_anchored_key_signed_is_named(firm, watchdog, tmp_path):
    """Of a firm without anchor, of one without anchor and without bundle, and one that another key signed."""
    with FirmDesk(tmp_path / "other", "other-bank") as other, FirmDesk(tmp_path / "impostor", "test-bank") as impostor:
        other.set_up()
        impostor.set_up()
        requests = [(f"{name}.txt", request(desk, 0)[1]) for name, desk in (("other", other), ("impostor", impostor))]
        done = watchdog.sit([], firm.anchors(), [*requests, request(firm, 0)])
        assert [(line.institution, bool(line.line)) for line in done.market.heads] == [("test-bank", True)]
        assert [said.partition(":")[0] for said in done.unreadable_requests] == ["other.txt", "impostor.txt"]
        assert "dualtrack.local/other-bank" in done.unreadable_requests[0]
        bundled = watchdog.sit(other.bundles(), firm.anchors(), requests[:1])
        assert [(line.institution, line.reason) for line in bundled.market.heads] == [("other-bank", "no-anchor")]
        assert len(bundled.unreadable_requests) == 1
        assert len(watchdog.sit([], None, requests).unreadable_requests) == 2


def test_a_request_cannot_write_on_the_screen(watchdog):
    body = build_request(0, [], b"\x1b[31m\xff evil\n1\nx\n")
    [said] = watchdog.sit([], None, [("r.txt", body)]).unreadable_requests
    assert said.isprintable()
    assert "evil" in said


def test_two_heads_of_one_sitting_must_be_linked(firm, watchdog):
    old = firm.bundles()
    size = firm.register.repository.size()
    firm.assess()
    both = [*old, *[(f"new-{name}", data) for name, data in firm.bundles()]]
    assert head(watchdog.sit(both, firm.anchors())).reason == "no-proof"
    done = watchdog.sit(both, firm.anchors(), [request(firm, size)])
    assert head(done).line is not None
    assert done.market.earlier == 1
    assert sum(cell.n for cell in done.market.cells) == 1


def test_the_firm_takes_the_line_in_and_its_next_bundle_meets_the_quorum(firm, watchdog):
    done = watchdog.sit(firm.bundles(), firm.anchors())
    line = watchdog.workspace.path("cosignatures/test-bank.txt").read_text()
    assert line == head(done).line
    anchors = json.loads(firm.anchors())
    anchors["institutions"]["test-bank"] |= {"witnesses": [done.witness_key], "quorum": 1}
    trusted = json.dumps(anchors).encode()
    assert dualtrack_verify.verify(firm.bundles()[0][1], trusted).reason == "quorum"
    from dualtrack.keys.vkey import VerifierKey

    key = VerifierKey.parse(done.witness_key)
    [taken] = take_cosignatures(firm.register.repository, [key], [parse_signature_line(line.rstrip("\n"))])
    assert (taken.size, taken.new) == (head(done).size, True)
    assert dualtrack_verify.verify(firm.bundles()[0][1], trusted).exit == 0
    # The supervisor itself does not wait for its own word.
    assert watchdog.sit(firm.bundles(), trusted).items[0].result == "verified"


def test_a_witness_that_lost_its_memory_is_an_error(firm, watchdog):
    watchdog.sit(firm.bundles(), firm.anchors())
    shutil.rmtree(watchdog.workspace.path("witness"))
    with pytest.raises(NotFoundError):
        watchdog.sit(firm.bundles(), firm.anchors())


def test_only_a_supervisors_workspace_supervises(firm):
    with pytest.raises(FieldError, match="is a bank"):
        supervise(firm.register, firm.bundles(), anchors=None)


def test_anchors_are_kept_only_if_sound(firm, watchdog):
    with pytest.raises(InputError):
        keep_anchors(watchdog.workspace, b'{"format":"dualtrack.anchors/1"}')
    assert kept_anchors(watchdog.workspace) is None
    keep_anchors(watchdog.workspace, firm.anchors())
    assert kept_anchors(watchdog.workspace) == firm.anchors()


def test_the_page_holds_every_figure_and_no_markup_of_a_firm(firm, watchdog):
    done = watchdog.sit([("<script>x.zip", b"no zip at all"), *firm.bundles()], firm.anchors())
    page = market_page(done.market)
    assert "<script>" not in page
    assert "&lt;script&gt;x.zip" in page
    assert "0.03" in page
    assert "0.0300</td>" in page
    assert "0.0200 – 0.0400" in page
    assert "zip-stray" in page
    assert "未能確立" in page


def test_the_terminal_shows_an_estimate_as_the_pages_do(firm, watchdog):
    out = io.StringIO()
    show_market(Console(file=out, width=300), watchdog.sit(firm.bundles(), firm.anchors()).market)
    assert f"benefit {firm.use}: 0.0300 (0.0200 – 0.0400), n = 100" in out.getvalue()


def test_a_return_that_does_not_hold_is_refused_before_anything_is_kept(firm, watchdog):
    title = Text(en="Figures", zh="數字")
    asks = [Asked(id="verdicts", query="uses_by_verdict")]
    _, opened = issue_notice(watchdog.register, watchdog.key(), title, pack=None, asks=asks)
    data, _ = answer(firm.register, opened, firm.key("owner"))
    size = watchdog.register.repository.size()
    with pytest.raises(SignatureError, match="not signed by compliance"):
        watchdog.sit(firm.bundles(), firm.anchors(), returns=[data])
    assert watchdog.register.repository.size() == size
    assert not watchdog.workspace.path("received").exists()
    assert not watchdog.workspace.path("cosignatures").exists()


def test_the_supervisors_own_ledger_stays_its_own(firm, watchdog):
    watchdog.sit(firm.bundles(), firm.anchors())
    with Store.open(watchdog.workspace) as store:
        assert store.repository("test-bank").size() == 0
