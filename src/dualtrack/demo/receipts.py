"""The receipts of the demo's own traffic: codes that anybody may have here, because every customer in it is fictional.

A real receipt's code is nowhere kept; whoever has it may see the decision. This file exists in a demo's folder alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.keys.files import replace_private
from dualtrack.runtime.ids import shown_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.store.workspace import Workspace

__all__ = ["RECEIPTS_NAME", "GivenReceipt", "write_receipts"]

RECEIPTS_NAME = "demo-receipts.txt"
"""The file with the codes, in the demo's folder, mode 0600."""

_HEAD = Text(
    en="Receipts of this demonstration. Every customer in it is fictional. Serve the workspace, then open the address.",
    zh="此示範的收據，所有客戶均屬虛構。啟動工作區的服務後，開啟所列網址。",
)


class GivenReceipt(NamedTuple):
    """A receipt as its fictional customer got it: the code, the use, and what became of the request in words."""

    code: str
    use: str
    says: Text

    @property
    def path(self) -> str:
        """Return where the console shows it."""
        return f"/r/{shown_code(self.code)}"


def write_receipts(workspace: Workspace, given: Sequence[GivenReceipt]) -> None:
    """Write the codes into the demo's folder."""
    lines = [f"{item.path}  {item.use}\n    {item.says.en} {item.says.zh}" for item in given]
    text = "\n".join((_HEAD.en, _HEAD.zh, "", *lines, ""))
    replace_private(workspace.path(RECEIPTS_NAME), text.encode())
