"""The values that pass between the stages."""

from em_impute.impute import open_table
from em_impute.request import Request


def test_categories_are_called_by_names_that_are_unique(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("g,x,t,t\nM,1.5,red,a\nF,2.5,blue,b\n,3.5,red,a\n")

    with open_table(Request(path=path, columns=("g",)), lambda *_: None) as opened:
        names = [name for name, _ in opened.categories]
        texts = [category.texts for _, category in opened.categories]

    assert names == ["t (column 3)", "t (column 4)"]
    assert texts == [("red", "blue"), ("a", "b")]
