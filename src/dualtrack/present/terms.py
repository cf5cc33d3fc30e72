"""Words for the closed sets that `words.py` leaves out: modes, roles, grades, kinds of evidence, destinations of hours."""

from __future__ import annotations

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import (
    ComponentType,
    Design,
    Destination,
    EvidenceKind,
    Grade,
    Mode,
    PackStatus,
    Role,
    Severity,
    Weight,
)
from dualtrack.permit.reasons import REASONS

__all__ = [
    "AFFECTED_WORDS",
    "COMPONENT_WORDS",
    "COVERAGE_WORDS",
    "DESIGN_WORDS",
    "DESTINATION_WORDS",
    "GRADE_WORDS",
    "KIND_WORDS",
    "MODE_WORDS",
    "ROLE_WORDS",
    "SEVERITY_WORDS",
    "STATUS_WORDS",
    "WEIGHT_WORDS",
    "reason_words",
]

MODE_WORDS: dict[Mode, Text] = {
    Mode.SHADOW: Text(en="shadow: output reaches nobody", zh="影子運行：輸出不會送達任何人"),
    Mode.TRIAL: Text(en="trial: capped, every output reviewed", zh="試行：設有上限，每項輸出均經覆核"),
    Mode.LIVE: Text(en="live", zh="正式使用"),
}

ROLE_WORDS: dict[Role, Text] = {
    Role.ROOT: Text(en="root key holder", zh="根密鑰持有人"),
    Role.LOG: Text(en="log keeper", zh="日誌保管者"),
    Role.WITNESS: Text(en="witness", zh="見證人"),
    Role.OWNER: Text(en="owner (first line)", zh="負責人（第一道防線）"),
    Role.DEVELOPER: Text(en="developer", zh="開發人員"),
    Role.VALIDATOR: Text(en="independent validator", zh="獨立驗證人員"),
    Role.APPROVER: Text(en="approver", zh="批准人"),
    Role.COMPLIANCE: Text(en="compliance (second line)", zh="合規人員（第二道防線）"),
    Role.AUDITOR: Text(en="auditor (third line)", zh="審計人員（第三道防線）"),
    Role.COLLECTOR: Text(en="measuring service", zh="量度服務"),
    Role.SUPERVISOR: Text(en="supervisor", zh="監管機構"),
    Role.OFFICER: Text(en="responsible officer", zh="負責人員"),
}

SEVERITY_WORDS: dict[Severity, Text] = {
    Severity.S1: Text(en="S1, refuses every mode", zh="S1，任何模式均不准許"),
    Severity.S2: Text(en="S2, refuses live use", zh="S2，不准正式使用"),
    Severity.S3: Text(en="S3, condition with a deadline", zh="S3，限期條件"),
    Severity.S4: Text(en="S4, advice", zh="S4，建議"),
}

GRADE_WORDS: dict[Grade, Text] = {
    Grade.PRIMARY: Text(en="primary text read", zh="已閱原文"),
    Grade.SECONDARY: Text(en="secondary source; the text itself was not seen", zh="第二手來源，未閱原文"),
    Grade.POLICY: Text(en="our own policy, no legal duty", zh="本產品自訂政策，並非法律責任"),
}

STATUS_WORDS: dict[PackStatus, Text] = {
    PackStatus.IN_FORCE: Text(en="in force", zh="現行"),
    PackStatus.PROPOSED: Text(en="proposed", zh="建議中"),
    PackStatus.SUPERSEDED: Text(en="superseded", zh="已被取代"),
}

WEIGHT_WORDS: dict[Weight, Text] = {
    Weight.STATUTE: Text(en="statute", zh="法例"),
    Weight.CODE: Text(en="code", zh="守則"),
    Weight.CIRCULAR: Text(en="circular", zh="通函"),
    Weight.GUIDANCE: Text(en="guidance", zh="指引"),
    Weight.POLICY: Text(en="policy", zh="政策"),
    Weight.PROPOSAL: Text(en="proposal", zh="建議"),
    Weight.FOREIGN: Text(en="foreign text", zh="境外文件"),
}

KIND_WORDS: dict[EvidenceKind, Text] = {
    EvidenceKind.MEASUREMENT: Text(en="measurement", zh="量度"),
    EvidenceKind.ATTESTATION: Text(en="attestation", zh="聲明"),
    EvidenceKind.DOCUMENT: Text(en="document", zh="文件"),
    EvidenceKind.APPROVAL: Text(en="approval", zh="批准"),
    EvidenceKind.DRILL: Text(en="drill", zh="演練"),
    EvidenceKind.CHALLENGE: Text(en="challenge", zh="密封測試"),
}

DESTINATION_WORDS: dict[Destination, Text] = {
    Destination.REDEPLOY: Text(en="other work", zh="調配至其他工作"),
    Destination.RETRAIN: Text(en="training", zh="培訓"),
    Destination.SERVICE: Text(en="more service", zh="提升服務"),
    Destination.REDUCE: Text(en="fewer hours", zh="減少工時"),
    Destination.UNDECIDED: Text(en="undecided", zh="未決定"),
}

COMPONENT_WORDS: dict[ComponentType, Text] = {
    ComponentType.MODEL: Text(en="model", zh="模型"),
    ComponentType.DATA_SET: Text(en="data set", zh="數據集"),
    ComponentType.PROMPT: Text(en="prompt", zh="提示"),
    ComponentType.INDEX: Text(en="index", zh="索引"),
    ComponentType.TOOL: Text(en="tool", zh="工具"),
    ComponentType.LIBRARY: Text(en="library", zh="程式庫"),
    ComponentType.CODE: Text(en="code", zh="程式碼"),
}

DESIGN_WORDS: dict[Design, Text] = {
    Design.SUPERIORITY: Text(en="superiority", zh="優效性"),
    Design.NON_INFERIORITY: Text(en="non-inferiority", zh="非劣性"),
}

AFFECTED_WORDS: dict[str, Text] = {
    "customers": Text(en="customers", zh="客戶"),
    "staff": Text(en="staff", zh="員工"),
    "members": Text(en="scheme members", zh="計劃成員"),
    "investors": Text(en="investors", zh="投資者"),
    "applicants": Text(en="applicants", zh="申請人"),
    "public": Text(en="the public", zh="公眾"),
    "none": Text(en="nobody directly", zh="沒有直接受影響的人"),
}

COVERAGE_WORDS: dict[str, Text] = {
    "rule": Text(en="rule", zh="規則"),
    "question": Text(en="question", zh="問題"),
    "information": Text(en="information", zh="資料"),
    "not_covered": Text(en="not covered", zh="未涵蓋"),
}

_REASONS_ZH = {
    "malformed": "格式不符",
    "unknown-key": "簽署密鑰未獲授權或已被撤銷",
    "bad-signature": "簽署與內容不符",
    "demo-key": "真實機構不接納示範密鑰或示範證據",
    "replayed": "與先前記錄的內容完全相同",
    "wrong-role": "簽署人的角色不獲接納",
    "unknown-topic": "已採用的規則包沒有這個主題",
    "wrong-kind": "證據種類不符",
    "bad-fields": "欄位與主題所訂不符",
    "wrong-subject": "所述對象不符",
    "other-release": "屬另一版本",
    "unknown-claim": "所述主張並未申報",
    "late-claim": "主張的條款並非事前登記，或其後已更改",
    "unplanned": "並無事前登記、屬此主題並採用相同門檻的量度計劃",
    "before-declaration": "所批准的是較早的申報",
    "future": "取得時間在未來",
    "too-old": "取得後太久才登記",
    "older": "此主題已有較後的觀察記錄",
}


def reason_words(code: str) -> Text:
    """Return why an entry was not admitted."""
    known = REASONS.get(code)
    return Text(en=known.found if known else code, zh=_REASONS_ZH.get(code, code))
