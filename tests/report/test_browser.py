"""The report in a real browser, from a file and without network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from gwangye.examples import Dataset
from gwangye.prediction.tables import predictions_file
from tests.report.conftest import ENSEMBLE, EVIL, LABELS, NOISE, VALIDATION, Run, frame

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Visit = Callable[..., "Page"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run with all tables."""
    run = Run(tmp_path_factory.mktemp("report"))
    run.write_tables()
    return run.write_page()


@pytest.fixture
def bare_report(bare_run: Run) -> Path:
    """The report of the run without tables and test labels."""
    return bare_run.write_page()


def shown(page: Page) -> list[str]:
    """The ids of the rows in the browser, in order."""
    return page.locator("#sentences .row .guid").all_text_contents()


def count(page: Page) -> str:
    return page.locator("#sentences output").inner_text()


def control(page: Page, name: str) -> Locator:
    return page.locator(f"#filters [name={name}]")


def texts(page: Page, selector: str) -> list[str]:
    return page.locator(selector).all_text_contents()


def test_headline_and_findings(report: Path, visit: Visit) -> None:
    page = visit(report)
    assert texts(page, "#cards h3") == ["validation", "test"]
    assert texts(page, "#cards .big") == ["50.0 micro-F1", "50.0 micro-F1"]
    assert "40.0–60.0 · AUPRC 45.0 · 6 rows" in page.locator("#cards").inner_text()
    assert texts(page, "#findings li")[:2] == [
        "3 of 6 rows are wrong.",
        "Once a relation is predicted where there is no_relation.",
    ]
    page.get_by_text("3 of 6 rows are wrong.").click()
    assert shown(page) == ["v2", "v4", "v3"]


def test_cell_of_the_confusion_matrix_opens_its_sentences(report: Path, visit: Visit) -> None:
    page = visit(report)
    cell = page.get_by_role("button", name="per:title → no_relation: 1 of 3 rows")
    cell.click()
    assert shown(page) == ["v2"]
    assert count(page) == "1 of 6 rows"
    assert page.locator("#sentences h2").evaluate("node => node === document.activeElement")
    assert page.locator("#sentences h2").evaluate(
        "node => { const top = node.getBoundingClientRect().top; "
        "return top >= document.querySelector('.bar').offsetHeight && top < innerHeight; }"
    )
    page.get_by_role("button", name="Back to the matrix").click()
    assert cell.evaluate("node => node === document.activeElement")


def test_every_cell_opens_as_many_rows_as_it_says(report: Path, visit: Visit) -> None:
    page = visit(report)
    cells = page.locator(".matrix td button")
    assert texts(page, ".matrix td button") == ["1", "1", "1", "1", "1", "1"]
    for at in range(cells.count()):
        cells.nth(at).click()
        assert len(shown(page)) == 1


def test_arrow_keys_lead_from_cell_to_cell(report: Path, visit: Visit) -> None:
    page = visit(report)
    said = "document.activeElement.getAttribute('aria-label')"
    page.locator(".matrix button[tabindex='0']").focus()
    assert page.evaluate(said) == "no_relation → no_relation: 1 of 2 rows"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(said) == "no_relation → per:title: 1 of 2 rows"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(said) == "per:title → per:title: 1 of 3 rows"
    # the tab key still leads to one cell only
    assert page.locator(".matrix button[tabindex='0']").count() == 1
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert shown(page) == ["v4"]


def test_errors_come_first_and_the_surest_on_top(report: Path, visit: Visit) -> None:
    page = visit(report)
    assert shown(page) == ["v2", "v4", "v3"]
    assert texts(page, "#sentences .row .measure") == ["70.0 % sure", "60.0 % sure", "50.0 % sure"]


def test_filters_narrow_the_rows(report: Path, visit: Visit) -> None:
    page = visit(report)
    control(page, "kind").select_option("all")
    assert count(page) == "6 of 6 rows"
    control(page, "actual").select_option("per:title")
    assert shown(page) == ["v1", "v2", "v3"]
    control(page, "predicted").select_option("org:members")
    assert shown(page) == ["v3"]
    page.get_by_role("button", name="Reset").click()
    control(page, "kind").select_option("correct")
    control(page, "subject").select_option("ORG")
    assert shown(page) == ["v5"]
    control(page, "subject").select_option("")
    control(page, "sure").select_option("80")
    assert shown(page) == ["v5", "v1"]
    control(page, "sort").select_option("unsure")
    assert shown(page) == ["v1", "v5"]


def test_search_looks_for_all_words(report: Path, visit: Visit) -> None:
    page = visit(report)
    control(page, "kind").select_option("all")
    control(page, "q").fill("서울")
    assert shown(page) == ["v5", "v4"]
    control(page, "q").fill("서울 수도")
    assert shown(page) == ["v4"]
    control(page, "q").fill("V6")
    assert shown(page) == ["v6"]
    control(page, "q").fill("없는말")
    assert count(page) == "0 of 6 rows"


def test_another_model_and_part(report: Path, visit: Visit) -> None:
    page = visit(report)
    page.locator("#model").select_option("b")
    assert shown(page) == ["v2", "v1", "v4", "v3"]
    assert page.get_by_role("button", name="per:title → no_relation: 2 of 3 rows").count() == 1
    page.locator("#part").select_option("test")
    control(page, "kind").select_option("all")
    assert shown(page) == ["t1", "t2"]
    page.reload()
    assert page.locator("#model").input_value() == "b"
    assert shown(page) == ["t1", "t2"]


def test_address_of_a_row_opens_it(report: Path, visit: Visit) -> None:
    page = visit(report, "#model=b&kind=all&q=v5")
    assert shown(page) == ["v5"]
    assert page.locator("#sentences .row .guid").get_attribute("href") == (
        "#model=b&part=validation&kind=all&q=v5"
    )


def test_unknown_words_in_the_address_change_nothing(report: Path, visit: Visit) -> None:
    page = visit(report, "#model=x&part=y&kind=z&sort=w&page=-3&sure=q")
    assert shown(page) == ["v2", "v4", "v3"]


@pytest.mark.parametrize(
    ("guid", "subject", "object_"),
    [
        ("v1", ["이순신"], ["장군"]),
        ("v3", ["김구"], ["주석"]),  # behind a character of two UTF-16 units
        ("v5", ["서울", "시청"], ["서울"]),  # the object stands inside the subject
    ],
)
def test_entities_are_marked_where_they_stand(
    report: Path, visit: Visit, guid: str, subject: list[str], object_: list[str]
) -> None:
    page = visit(report, f"#kind=all&q={guid}")
    assert texts(page, "#sentences mark.subject") == subject
    assert texts(page, "#sentences mark.object") == object_


def test_markup_in_a_sentence_stays_text(report: Path, visit: Visit) -> None:
    page = visit(report, "#kind=all&q=v2")
    assert texts(page, "#sentences .sentence") == [EVIL]
    assert texts(page, "#sentences mark") == ["홍길동", "작가"]
    assert page.locator("img, b:has-text('홍길동')").count() == 0
    assert page.title() == "Relation extraction: evaluation report"


def test_markup_in_the_address_stays_text(report: Path, visit: Visit) -> None:
    page = visit(report, "#q=%3Cimg%20src%3Dx%3E&actual=%3Cb%3E")
    assert page.locator("#sentences").locator("img, b").count() == 0


def test_probabilities_show_the_likeliest_and_the_label(report: Path, visit: Visit) -> None:
    page = visit(report, "#kind=all&q=v3")
    lines = page.locator("#sentences .probabilities li")
    assert lines.all_inner_texts() == [
        "org:members\n50.0 %",
        "per:title\n30.0 %",
        "no_relation\n20.0 %",
    ]
    assert page.locator("#sentences .probabilities .gold .name").inner_text() == "per:title"


def test_other_tables_are_shown(report: Path, visit: Visit) -> None:
    page = visit(report)
    assert "per:title 10 % · models say no_relation 60 % label quality 0.12" in " ".join(
        page.locator("#labels .head").inner_text().split()
    )
    assert texts(page, "#disagreements .vote") == [
        "ensemble per:title",
        "a per:title",
        "b no_relation",
    ]
    page.locator("#robustness summary").nth(1).click()
    changed = page.locator("#robustness .row").first
    assert changed.locator(".sentence").inner_text() == "😀 이순신이 조선의 장군이다."
    assert changed.locator("mark").all_text_contents() == ["이순신", "장군"]
    assert texts(page, "#curves figcaption") == ["training loss", "validation micro-F1"]
    assert page.locator("#confidence svg").count() == 2


def test_relations_sort_and_open(report: Path, visit: Visit) -> None:
    page = visit(report)
    assert texts(page, "#relations tbody th") == ["per:title", "no_relation", "org:members"]
    page.locator("#relations").get_by_role("button", name="F1", exact=True).click()
    assert texts(page, "#relations tbody th") == ["org:members", "no_relation", "per:title"]
    page.locator("#relations").get_by_role("link", name="org:members").click()
    assert shown(page) == ["v5"]


def test_slice_of_a_type_pair_opens_its_rows(report: Path, visit: Visit) -> None:
    page = visit(report)
    page.locator("#slices").get_by_role("link", name="PER-POH").click()
    assert shown(page) == ["v1", "v2", "v3"]


def test_rows_without_labels_are_shown_with_their_predictions(
    bare_report: Path, visit: Visit
) -> None:
    page = visit(bare_report, "#part=test")
    assert "The test rows have no labels" in page.locator("#confusions").inner_text()
    assert page.locator("#part option").all_text_contents()[1] == "test (2 rows, no labels)"
    assert shown(page) == ["t1", "t2"]
    assert page.locator("#filters [name=actual]").count() == 0
    assert texts(page, "#sentences .row .relation")[0] == "per:title"


def test_what_a_run_has_not_is_said(bare_report: Path, visit: Visit) -> None:
    page = visit(bare_report)
    for section in ("relations", "confidence", "slices", "robustness", "labels", "curves"):
        assert page.locator(f"#{section} .notice").count() == 1, section
    assert page.locator(".matrix").count() == 1


def test_no_label_in_doubt(bare_run: Run, visit: Visit) -> None:
    bare_run.write("tables/label_noise.csv", NOISE)
    page = visit(bare_run.write_page())
    assert page.locator("#labels .notice").inner_text() == "No label error is suspected."


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_page_is_no_wider_than_the_window(report: Path, visit: Visit, width: int) -> None:
    page = visit(report, viewport={"width": width, "height": 844})
    page.locator("summary").evaluate_all(
        "all => all.forEach(one => { one.parentNode.open = true })"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_printing_opens_what_is_folded(report: Path, visit: Visit) -> None:
    page = visit(report)
    assert page.locator("details[open]").count() == 0
    assert page.pdf()[:5] == b"%PDF-"
    assert page.locator("details:not([open])").count() == 0


def test_many_rows_are_paged(tmp_path: Path, visit: Visit) -> None:
    run = Run(tmp_path)
    number = 10_000
    rows = [(f"r{at:05}", *VALIDATION[at % 6][1:]) for at in range(number)]
    train = frame(rows)
    train["fold"] = 0
    Dataset(train, run.dataset.test, run.task).write(run.split)
    values = pd.DataFrame([ENSEMBLE[at % 6] for at in range(number)], columns=LABELS)
    values.insert(0, "guid", train["guid"])
    values.insert(1, "part", "validation")
    for name in ("ensemble", "a", "b"):
        path = predictions_file(run.data, name)
        test = pd.read_parquet(path).query("part == 'test'")
        pd.concat([values.astype(test.dtypes), test]).to_parquet(path, index=False)

    page = visit(run.write_page(), "#kind=all&sort=file")

    assert count(page) == "10,000 of 10,000 rows"
    assert shown(page) == [f"r{at:05}" for at in range(25)]
    page.get_by_role("button", name="last page").first.click()
    assert shown(page)[-1] == "r09999"
    control(page, "q").fill("r04999")
    assert shown(page) == ["r04999"]
