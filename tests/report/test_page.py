"""What stands in the page's text: escaping, the same bytes every time, what is missing."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re

import pandas as pd
import pytest

from gwangye.errors import DataError
from gwangye.report.page import embedded, render
from tests.report.conftest import EVIL, NOISE, SCORES, Run


def data_of(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found is not None
    return json.loads(found[1])


def test_same_inputs_give_the_same_bytes(run: Run) -> None:
    assert run.page() == run.page()


def test_sentences_cannot_end_their_element(run: Run) -> None:
    page = run.page()
    assert page.count("</script>") == 2
    assert "<img" not in page
    assert "<!--" not in page
    assert data_of(page)["parts"]["validation"]["sentence"][1] == EVIL


def test_embedded_json_has_no_opening_bracket() -> None:
    assert embedded({"a": ["<!--<script>", "&"]}) == '{"a":["\\u003c!--\\u003cscript>","&"]}'


def test_names_in_the_static_part_are_escaped(run: Run) -> None:
    trained = {"facts": [("encoder", "<i>x</i>")], "columns": ["variant"], "variants": [["a&b"]]}
    page = render(run.content(trained=trained))
    assert "&lt;i&gt;x&lt;/i&gt;" in page
    assert '<th scope="row">a&amp;b</th>' in page


def test_policy_allows_the_pages_own_style_and_script_only(run: Run) -> None:
    page = run.page()
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    for element in ("script", "style"):
        text = re.findall(rf"<{element}>(.*?)</{element}>", page, re.S)
        assert len(text) == 1
        digest = base64.b64encode(hashlib.sha256(text[0].encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in html.unescape(found[1])
    assert found[1].startswith("default-src &#39;none&#39;;")


def test_page_names_no_other_address(run: Run) -> None:
    # the SVG namespace is a name, not an address
    assert set(re.findall(r"https?://[^\s\"']+", run.page())) == {"http://www.w3.org/2000/svg"}


def test_scores_stand_in_the_page_itself(run: Run) -> None:
    page = run.page()
    assert "<b>50.0</b>" in page
    assert "<small>40.0–60.0</small>" in page
    # neither a re-weighted column nor an interval of AUPRC: the run has none
    assert "re-weighted</th>" not in page
    assert page.count("40.0–60.0</small>") == 6


def test_rows_are_numbers_where_they_can_be(run: Run) -> None:
    data = data_of(run.page())
    rows = data["parts"]["validation"]
    assert rows["guid"] == ["v1", "v2", "v3", "v4", "v5", "v6"]
    assert rows["gold"] == [2, 2, 2, 0, 1, 0]
    assert rows["spans"][:4] == [0, 3, 9, 11]
    assert rows["spans"][8:12] == [3, 5, 13, 15]  # one more than in Python: 😀 is two units
    assert rows["types"][:2] == [0, 4]
    assert rows["predictions"]["ensemble"]["top"][:6] == [2, 0, 1, 0, 2, 1]
    assert rows["predictions"]["ensemble"]["thousandths"][:6] == [800, 100, 100, 700, 200, 100]
    assert rows["predictions"]["b"]["gold"] == [300, 200, 300, 300, 900, 500]


def test_rows_without_labels_have_no_gold(bare_run: Run) -> None:
    data = data_of(bare_run.page())
    assert data["parts"]["test"]["gold"] == [-1, -1]
    assert data["parts"]["test"]["predictions"]["a"]["gold"] == [-1, -1]
    assert list(data["findings"]) == ["ensemble_validation", "a_validation", "b_validation"]


def test_part_without_rows_is_left_out(run: Run) -> None:
    for path in run.data.glob("[ep]*/*.parquet"):
        pd.read_parquet(path).query("part == 'validation'").to_parquet(path, index=False)
    assert list(data_of(run.page())["parts"]) == ["validation"]


def test_tables_that_do_not_exist_are_left_out(bare_run: Run) -> None:
    data = data_of(bare_run.page())
    assert data["tables"] == {
        "per_relation": {},
        "slices": {},
        "reliability": {},
        "risk_coverage": {},
    }
    assert data["label_noise"] is None
    assert data["robustness"] == {}
    assert data["curves"] == []
    assert data["parts"]["validation"]["disagreements"] is None


def test_long_list_is_cut_and_says_how_long_it_was(run: Run) -> None:
    line = "v1,per:title,no_relation,0.1,0.1,0.6,이순신,장군,이순신은 조선의 장군이다.\n"
    run.write("tables/label_noise.csv", NOISE + 501 * line)
    noise = data_of(run.page())["label_noise"]
    assert noise["total"] == 501
    assert len(noise["columns"]["guid"]) == 500
    assert len(noise["columns"]["spans"]) == 2000


def test_curves_of_all_runs(run: Run) -> None:
    loss, _ = data_of(run.page())["curves"]  # no run has a point of the third
    assert loss == {
        "title": "training loss",
        "lines": [
            {"name": "a", "variant": "a", "step": [10, 20], "value": [2.5, 1.25]},
            {"name": "b, fold 2", "variant": "b", "step": [10], "value": [3.0]},
        ],
    }


def test_changed_rows_have_their_own_sentences_and_positions(run: Run) -> None:
    found = data_of(run.page())["robustness"]["a"]
    assert found["changed"]["total"] == 1
    columns = found["changed"]["columns"]
    assert columns["sentence"] == ["😀 이순신이 조선의 장군이다."]
    assert columns["spans"] == [3, 6, 12, 14]  # one more than in Python: 😀 is two units
    assert found["rates"]["relation"] == ["all", "no_relation", "per:title"]
    assert found["rates"]["changed"] == [50.0, 0.0, 100.0]
    none = run.content(num_changed=0)["robustness"]["a"]["changed"]
    assert (none["total"], none["columns"]["guid"]) == (1, [])


def test_listed_rows_have_the_positions_of_the_split(run: Run) -> None:
    row = "v5,org:members,no_relation,0.1,0.1,0.6,서울시청,서울,x\n"
    run.write("tables/label_noise.csv", NOISE + row)
    columns = data_of(run.page())["label_noise"]["columns"]
    assert columns["sentence"] == ["서울시청 앞은 붐빈다."]
    assert columns["spans"] == [0, 4, 0, 2]


def test_missing_scores_say_what_to_run(run: Run) -> None:
    (run.metrics / "scores.csv").unlink()
    with pytest.raises(DataError, match="scores.csv does not exist. Run `dvc repro evaluate`"):
        run.page()


def test_note_stands_beside_the_score(run: Run) -> None:
    line = "a,validation_reweighted,all,micro_f1,48,30,61,6,3.2,label: 3.2 % of <it>\n"
    run.write("scores.csv", SCORES + line)
    page = run.page()
    assert "re-weighted</th>" in page
    assert "Re-weighted scores differ from the target: label: 3.2 % of &lt;it&gt;.</p>" in page
    assert data_of(page)["scores"]["a"]["validation_reweighted"]["all"] == {
        "rows": 6,
        "micro_f1": 48.0,
        "micro_f1_low": 30.0,
        "micro_f1_high": 61.0,
        "note": "label: 3.2 % of <it>",
        "effective_rows": 3.2,
    }


def test_table_of_another_form_is_refused(run: Run) -> None:
    run.write("tables/label_noise.csv", "guid,label\nv1,per:title\n")
    message = "label_noise.csv has no column suggested, quality, .*; it has guid, label. Run `dvc"
    with pytest.raises(DataError, match=message):
        run.page()


def test_file_that_is_no_table_is_refused(run: Run) -> None:
    run.write("tables/slices/a_test.csv", "")
    with pytest.raises(DataError, match="a_test.csv is no table: No columns to parse.* Run `dvc"):
        run.page()


def test_predicted_row_that_the_split_has_not(run: Run) -> None:
    for path in run.data.glob("[ep]*/*.parquet"):
        table = pd.read_parquet(path)
        table.replace({"guid": {"v2": "other"}}).to_parquet(path, index=False)
    with pytest.raises(DataError, match="1 predicted validation rows are not in the split, first"):
        run.page()
