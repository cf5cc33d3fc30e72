"""Words for verdicts, outcomes and effects, in both languages: one list for console, pages and command line."""

from __future__ import annotations

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Area, Effect, InstitutionType, Outcome, Sector, Tier, Track, Verdict

__all__ = [
    "AREA_WORDS",
    "EFFECT_WORDS",
    "OUTCOME_WORDS",
    "SECTOR_WORDS",
    "TIER_WORDS",
    "TRACK_WORDS",
    "TYPE_WORDS",
    "VERDICT_WORDS",
]

VERDICT_WORDS: dict[Verdict, Text] = {
    Verdict.PERMITTED: Text(en="permitted", zh="准許"),
    Verdict.PERMITTED_WITH_CONDITIONS: Text(en="permitted with conditions", zh="有條件准許"),
    Verdict.TRIAL: Text(en="trial only", zh="只准試行"),
    Verdict.SHADOW: Text(en="shadow only", zh="只准影子運行"),
    Verdict.REFUSED: Text(en="refused", zh="不准許"),
    Verdict.NOTHING_MEASURED: Text(en="declared, nothing measured", zh="已申報，未有任何量度"),
    Verdict.REQUIREMENTS_EVIDENCED: Text(en="requirements evidenced", zh="已有證據的要求"),
}

OUTCOME_WORDS: dict[Outcome, Text] = {
    Outcome.MET: Text(en="met", zh="符合"),
    Outcome.NOT_MET: Text(en="not met", zh="不符合"),
    Outcome.NO_EVIDENCE: Text(en="no evidence", zh="沒有證據"),
    Outcome.NOT_APPLICABLE: Text(en="not applicable", zh="不適用"),
    Outcome.WAIVED: Text(en="waived", zh="已豁免"),
}

EFFECT_WORDS: dict[Effect, Text] = {
    Effect.NONE: Text(en="no effect", zh="無影響"),
    Effect.REFUSES: Text(en="refuses every mode", zh="任何模式均不准許"),
    Effect.REFUSES_LIVE: Text(en="refuses live use", zh="不准正式使用"),
    Effect.CONDITION: Text(en="condition", zh="附帶條件"),
    Effect.ADVICE: Text(en="advice", zh="建議"),
    Effect.DUE_LATER: Text(en="due later", zh="稍後到期"),
}

AREA_WORDS: dict[Area, Text] = {
    Area.RESEARCH: Text(en="Research and data analysis", zh="研究及數據分析"),
    Area.STRATEGY: Text(en="Investment strategies", zh="投資策略"),
    Area.SERVICE: Text(en="Customer service", zh="客戶服務"),
    Area.RISK: Text(en="Risk assessment", zh="風險評估"),
    Area.CRIME: Text(en="Crime detection and prevention", zh="罪案偵測及預防"),
    Area.WORKFLOW: Text(en="Workflow automation", zh="工作流程自動化"),
}

SECTOR_WORDS: dict[Sector, Text] = {
    Sector.BANK: Text(en="Banking", zh="銀行"),
    Sector.INSURER: Text(en="Insurance", zh="保險"),
    Sector.LICENSED_CORPORATION: Text(en="Securities", zh="證券"),
    Sector.MPF_TRUSTEE: Text(en="MPF", zh="強積金"),
    Sector.VA_DEALER: Text(en="Virtual assets", zh="虛擬資產"),
}

TYPE_WORDS: dict[InstitutionType, Text] = {
    InstitutionType.BANK: Text(en="bank", zh="銀行"),
    InstitutionType.LICENSED_CORPORATION: Text(en="licensed corporation", zh="持牌法團"),
    InstitutionType.INSURER: Text(en="insurer", zh="保險公司"),
    InstitutionType.MPF_TRUSTEE: Text(en="MPF trustee", zh="強積金受託人"),
    InstitutionType.VA_DEALER: Text(en="virtual-asset dealer", zh="虛擬資產交易商"),
    InstitutionType.PROVIDER: Text(en="technology provider", zh="科技供應商"),
    InstitutionType.SUPERVISOR: Text(en="supervisor", zh="監管機構"),
}

TIER_WORDS: dict[Tier, Text] = {
    Tier.HIGH: Text(en="high", zh="高"),
    Tier.MEDIUM: Text(en="medium", zh="中"),
    Tier.LOW: Text(en="low", zh="低"),
}

TRACK_WORDS: dict[Track, Text] = {
    Track.BENEFIT: Text(en="benefit", zh="效益"),
    Track.SAFETY: Text(en="safety", zh="安全"),
}
