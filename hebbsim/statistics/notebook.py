"""Results as a notebook shows them."""

import html
from collections.abc import Iterable


def html_table(rows: Iterable[tuple[str, object]]) -> str:
    """Two columns, a name and its value, both escaped.

    >>> html_table([("load", 0.5), ("rule", "<mine>")])
    '<table><tr><th>load</th><td>0.5</td></tr><tr><th>rule</th><td>&lt;mine&gt;</td></tr></table>'
    """
    cells = (f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>" for name, value in rows)
    return f"<table>{''.join(cells)}</table>"
