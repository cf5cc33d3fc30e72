"""Questions and declaration templates: complete against the closed list, bilingual, consistent and readable as declarations."""

import re
from pathlib import Path

import pytest

import dualtrack.domain
from dualtrack.domain.answers import ANSWER_TYPES, CHOICES, answer_problem
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase, check_use_case, primary_claim
from dualtrack.domain.vocabulary import Area, Sector

ROOT = Path(dualtrack.domain.__file__).parent
TEMPLATES = {path.stem: path for path in sorted((ROOT / "templates").glob("*.yaml"))}
SECTORS = [sector for sector in Sector if sector is not Sector.VA_DEALER]
TOPICS = read_yaml((ROOT.parent / "rules" / "topics.yaml").read_bytes(), where="topics.yaml")
SIMPLIFIED = set("这们为发对说时会国来过还进动关实务产业应开样种两点问题报账户资险风银证监规则条订错误单")
MEASURED = {
    "risk-bank": ("provisioning-estimates", "delinquency-bucket-table", 0.001),
    "service-bank": ("early-contact-order", "contact-points-card", 0.01),
    "workflow-bank": ("collection-ranking", "longest-late-first", 0.05),
}
"""Templates of the uses that the demo measures: id, baseline and minimum must be those it declares."""


def template(name):
    text = TEMPLATES[name].read_text(encoding="utf-8").replace("INSTITUTION", "sample-firm")
    return read_record(read_yaml(text.encode(), where=name), UseCase, where=name)


def texts_of(use_case):
    found = [use_case.title, use_case.purpose, use_case.scope.does, use_case.scope.does_not, use_case.fallback]
    return found + [task.name for task in use_case.tasks] + [claim.statement for claim in use_case.claims]


def check_both_languages(text):
    assert text.en.strip()
    assert not re.search("[\u4e00-\u9fff]", text.en)
    assert re.search("[\u4e00-\u9fff]", text.zh), text.zh
    assert not SIMPLIFIED & set(text.zh), text.zh


def test_there_is_one_template_for_each_area_and_sector():
    assert set(TEMPLATES) == {f"{area}-{sector}" for area in Area for sector in SECTORS}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_a_full_declaration(name):
    use_case = template(name)
    check_use_case(use_case, where=name)
    assert (use_case.template, f"{use_case.area}-{use_case.sector}") == (name, name)
    assert answer_problem(use_case.facts) is None
    assert list(use_case.facts) == list(QUESTIONS)  # every question, in the order asked
    for text in texts_of(use_case):
        check_both_languages(text)
    lines = {use_case.accountable_executive, use_case.lines.first, use_case.lines.second, use_case.lines.third}
    assert lines == {"executive", "first-line", "second-line", "third-line"}
    assert (use_case.builders, use_case.live_since, use_case.demo) == (["developer"], None, False)
    assert use_case.affected
    assert use_case.components
    assert len(use_case.tasks) >= 2
    assert sum(task.hours_released for task in use_case.tasks) > 0


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_claims_a_benefit_over_a_named_way_without_ai_and_some_safety(name):
    use_case = template(name)
    claim = primary_claim(use_case)
    assert claim is not None
    assert claim.topic == "benefit"
    assert claim.baseline
    assert claim.unit
    sought, other = (claim.minimum, claim.margin) if claim.design == "superiority" else (claim.margin, claim.minimum)
    assert sought > 0
    assert other is None
    assert {found.topic for found in use_case.claims} <= set(TOPICS)
    assert sum(found.track == "safety" for found in use_case.claims) >= 1


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_answers_of_a_template_do_not_contradict_one_another(name):
    facts = template(name).facts
    assert facts["language_model"] or not facts["generative"]
    assert not (facts["gives_advice"] and facts["after_sales_only"])
    assert facts["customer_facing"] or not facts["client_interface"]
    assert facts["third_party"] is (facts["model_origin"] == "vendor")
    assert facts["personal_data"] or not facts["training_data_personal"]
    assert not facts["mpf_choice"]
    undeclared = [item for item in template(name).components if item.licence is None]
    assert all(item.source is None or "published" in item.source or "exchange" in item.source for item in undeclared)


@pytest.mark.parametrize(("name", "expected"), MEASURED.items())
def test_the_measured_uses_are_declared_as_the_demo_measures_them(name, expected):
    use_case = template(name)
    claim = primary_claim(use_case)
    assert (use_case.use.removeprefix("sample-firm/"), claim.baseline, claim.minimum) == expected
    assert all(component.licence for component in use_case.components)
    assert all(task.destination != "undecided" for task in use_case.tasks)
    assert use_case.facts["individual_effect"] is (name != "risk-bank")
    assert not use_case.facts["customer_facing"]


def test_the_research_assistant_of_a_licensed_corporation_is_high_risk_under_paragraph_8():
    facts = template("research-licensed_corporation").facts
    assert facts["language_model"]
    assert facts["regulated_activity"]
    assert facts["gives_advice"]
    assert not facts["after_sales_only"]
    assert facts["client_interface"]


def test_titles_and_ids_are_unique():
    found = [template(name) for name in TEMPLATES]
    for values in ([case.use for case in found], [case.title.en for case in found], [case.title.zh for case in found]):
        assert len(set(values)) == len(TEMPLATES)


QUESTIONS = read_yaml((ROOT / "questions.yaml").read_bytes(), where="questions.yaml")


def test_there_is_one_question_for_each_answer_of_the_closed_list():
    assert {name: question["type"] for name, question in QUESTIONS.items()} == ANSWER_TYPES
    assert {name: set(question["choices"]) for name, question in QUESTIONS.items() if "choices" in question} == CHOICES


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_in_both_languages_and_names_the_paragraph_that_makes_it_matter(name):
    question = QUESTIONS[name]
    for text in (question["ask"], question["help"], *question.get("choices", {}).values()):
        assert set(text) == {"en", "zh-Hant"}
        assert re.search("[\u4e00-\u9fff]", text["zh-Hant"])
        assert not SIMPLIFIED & set(text["zh-Hant"]), text["zh-Hant"]
    assert question["ask"]["en"].endswith("?")
    assert question["ask"]["zh-Hant"].endswith("？")
    assert question["cites"]
    for cite in question["cites"]:
        assert set(cite) == {"paragraph", "pack", "seen"}
        assert cite["seen"] in {"primary text", "secondary source", "policy"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_cited_paragraph_exists_in_its_document(name):
    """24EC55 has 32 paragraphs, the principles of 2019 are 12, the circular of 2024 has 4 sections."""
    for cite in QUESTIONS[name]["cites"]:
        for words, most in (
            ("SFC 24EC55 para", 32),
            ("HKMA 1 Nov 2019 principle", 12),
            ("HKMA 19 Aug 2024 section", 4),
        ):
            number = re.match(rf"{words} (\d+)", cite["paragraph"])
            assert number is None or 1 <= int(number[1]) <= most
        if cite["pack"] is not None:
            assert (ROOT.parent / "rules" / "packs" / f"{cite['pack']}.yaml").is_file()
