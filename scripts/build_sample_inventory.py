"""Build the sample inventory that the package carries: a fictional firm's AI list, as ugly as real ones.

Run `python scripts/build_sample_inventory.py`; the same script gives the same bytes. Everything in it is invented.
"""

from __future__ import annotations

import os
import re
import zipfile
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

os.environ["OPENPYXL_LXML"] = "False"  # the bytes are those of the standard library's writer, whatever is installed

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill

TARGET = Path(__file__).parents[1] / "src" / "dualtrack" / "intake" / "data" / "inventory-sample.xlsx"
NOTES = (
    "SAMPLE - fictional firm: Harbour Lantern Securities & Trust Ltd 虛構機構：海燈證券信託有限公司. Every name and row is invented 所有人名及內容均屬虛構",
    "AI / Model Inventory (Group Risk) v7 FINAL FINAL - please do not sort!! Last updated by KW before board meeting",
)
GROUPS = [("B", "C", "System 系統"), ("E", "G", "People 人員"), ("J", "L", "Flags 標記"), ("N", "P", "Dates 日期")]
HEADERS = [
    "No.", "Name 名稱", "Description 說明", "Business Unit 部門", "Owner 負責人", "Accountable Exec", "Validator 驗證人",
    "Model type 模型類別", "Vendor 供應商", "AI? (Y/N)", "Gen AI (Y/N)", "Client facing 面向客戶", "Tier 級別",
    "Go-live 投產日期", "Last validation 上次驗證日期", "Last review", "Status 狀態", "Contact", "PII", "備註 Remarks",
]  # fmt: skip
D = date
ROWS: list[str | list[object]] = [
    "Securities Brokerage 證券經紀",
    [1, "Margin call early warning", "Ranks margin accounts by chance of shortfall next day", "Brokerage Ops", "Fiona Lau", "Peter Ngan", "Group MRM", "Gradient boosting", "In-house", "Y", "N", "N", "High", D(2022, 5, 9), D(2026, 3, 2), D(2026, 6, 30), "Approved", "ext 2210", "Y", ""],
    [2, "客戶適合性評分", "按問卷評估客戶風險承受能力", None, "Fiona Lau", "Peter Ngan", "Group MRM", "Scorecard", "內部", "N", "N", "N", "高", "2021年6月1日", "2023年4月18日", "", "已批准 陳大文", "", "Y", "問卷2019年版"],
    [3, "Order routing optimiser", "Chooses venue and slice size", None, "Raymond Ip", "Peter Ngan", "Raymond Ip", "Reinforcement learning", "In-house", "Y", "N", "N", "High", 44958, "3/4/2025", D(2025, 9, 1), "Live", "", "N", ""],
    [4, "Research Copilot", "Drafts first version of company notes from filings", None, "Sam Wu", "", "", "Software", "Microsoft", "N", "", "N", "Medium", "Mar-25", "", "", "Approved - S. Wu", "", "N", "Pilot since March, all analysts"],
    [5, "Research copilot ", "Summaries of filings for analysts", "Research", "Sam Wu", "", "", "", "Microsoft", "N", "", "N", "", "Q2 2025", "TBC", "", "", "", "N", "same as no. 4?"],
    [6, "Client chat assistant (web)", "Answers client enquiries on fees, margin and account opening. Azure OpenAI", "Digital", "Ivy Cheung", "Peter Ngan", "Vendor", "Chatbot", "Azure OpenAI", "Y", "N", "Y", "Medium", D(2025, 1, 13), D(2024, 12, 20), "", "Compliant", "", "Y", ""],
    [7, "WhatsApp 聊天機械人", "回答客戶有關開戶及收費的查詢", "Digital", "Ivy Cheung", "", "", "Rule based?", "Lantern Bot Ltd", "?", "", "是", "", "13/11/2024", "", "", "OK", "", "", ""],
    [8, "Trade surveillance alerts", "Flags wash trades and layering", "Compliance", "Bonnie Tse", "Grace Lo", "Group MRM", "Rules + isolation forest", "NorthGate Analytics", "Y", "N", "N", "High", D(2020, 2, 3), D(2022, 8, 15), "15-Aug-24", "Validated", "ext 2391", "Y", ""],
    [9, "Trade surveillance alert", "Flag wash trades / layering", "Compliance", "Bonnie Tse", "Grace Lo", "Group MRM", "Isolation forest", "NorthGate Analytics", "Y", "N", "N", "High", D(2020, 2, 3), D(2022, 8, 15), "", "Validated", "", "Y", "duplicate? ask Bonnie"],
    [10, "Best execution report text", "Writes commentary for monthly report, GPT-4o", "Brokerage Ops", "fiona lau", "Peter Ngan", "", "", "in house", "N", "N", "N", "Low", "2025/07/01", "n/a", "", "", "", "N", ""],
    [11, "IPO allotment forecast", "", "Brokerage Ops", "TBC", "", "", "Regression", "In-house", "Y", "N", "N", "Low", 2019, "31/02/2024", "", "", "", "N", ""],
    "Asset Management & MPF 資產管理及強積金",
    [12, "Momentum strategy HK300", "Monthly ranking of HK stocks", "Quant", "Derek Yuen", "Mandy Fok", "Derek Yuen", "Linear", "In-house", "N", "N", "N", "High", "05/06/2023", "05/06/2023", "", "Live", "", "N", ""],
    [13, "Factor risk model", "Portfolio risk attribution", "Quant", "Derek Yuen", "Mandy Fok", "Group MRM", "Factor model", "Quantor Inc", "N", "N", "N", "High", D(2018, 9, 3), D(2025, 11, 4), D(2026, 5, 4), "Approved", "", "N", ""],
    [14, "MPF default fund switch forecast", "Predicts switching between constituent funds", "MPF Ops", "Kenneth Mok", "", "Group MRM", "XGBoost", "In-house", "Y", "N", "N", "Medium", "民國112年3月1日", "1Q24", "", "", "", "Y", "template came from Taipei office"],
    [15, "ESG news sentiment", "Scores news on issuers", "Research", "Sam Wu", "Mandy Fok", "", "LLM (open source llama3)", "In-house", "Y", "Y", "N", "Medium", D(2025, 4, 1), D(2025, 3, 10), "", "Live", "", "N", ""],
    [16, "Member letters translation tool", "Translates member letters into Traditional Chinese, DeepL Write", "MPF Ops", "", "", "", "SaaS", "DeepL SE", "N", "", "Y", "", "2024年第四季", "", "", "", "", "Y", ""],
    [17, "Fund factsheet generator", "Generative text for monthly factsheets 通義千問", "Marketing", "Winnie Hui", "Mandy Fok", "", "", "Alibaba Cloud", "", "", "Y", "Low", "2025-08-20", "pending", "", "", "", "N", ""],
    [18, "Green bond classifier", "Reads use-of-proceeds text", "Research", "Sam Wu", "Mandy Fok", "Group MRM", "BERT", "In-house", "Y", "N", "N", "Low", D(2024, 2, 5), D(2024, 1, 22), "", "Approved", "", "N", ""],
    [19, "Liquidity stress model", "Redemption stress for funds", "Risk", "Kelvin Ho", "Mandy Fok", "Group MRM", "Monte Carlo", "In-house", "N", "N", "N", "High", D(2017, 1, 3), 45292, "", "Approved", "", "N", ""],
    [20, "Rebalancing engine", "Trades to target weights", "Quant", "Derek Yuen", "Mandy Fok", "Group MRM", "Optimiser", "Quantor Inc", "N", "N", "N", "Medium", D(2019, 3, 1), D(2024, 6, 14), "", "Approved", "", "N", ""],
    [20, "Rebalancing engine", "Trades to target weights", "Quant", "Derek Yuen", "Mandy Fok", "Group MRM", "Optimiser", "Quantor Inc", "N", "N", "N", "Medium", D(2019, 3, 1), D(2024, 6, 14), "", "Approved", "", "N", ""],
    "Financial crime & client onboarding 金融罪案及開戶",
    [21, "Name screening", "Screens clients against sanctions lists", "Compliance", "Bonnie Tse", "Grace Lo", "Group MRM", "Fuzzy matching", "ListSure", "N", "N", "N", "High", D(2016, 7, 4), D(2026, 1, 19), D(2026, 7, 2), "Approved", "", "Y", ""],
    [22, "交易監察模型", "偵測可疑資金流向", "Compliance", "Bonnie Tse", "Grace Lo", "Group MRM", "Random forest", "內部", "是", "否", "否", "高", "2021/11/15", "2025年10月8日", "", "已驗證", "", "是", ""],
    [23, "eKYC face match", "Compares selfie with HKID photo", "Client Onboarding", "Joyce Kwan", "Grace Lo", "", "Deep learning", "FaceProof Pte", "Y", "N", "Y", "High", "12/08/2022", "2/9/2024", "", "Approved by Joyce 9/24", "", "Y", ""],
    [24, "ID document OCR", "Reads HKID and passports", "Client Onboarding", "Joyce Kwan", "Grace Lo", "Joyce Kwan", "OCR", "FaceProof Pte", "Y", "N", "Y", "Medium", D(2022, 8, 12), D(2024, 9, 2), "", "Approved", "", "Y", ""],
    [25, "Adverse media summariser", "LLM summarises news hits for analysts", "Compliance", "vacant", "Grace Lo", "", "", "ListSure", "Y", "N", "N", "", "Sept 2025", "", "", "", "", "Y", "owner left in July"],
    [26, "Source of wealth memo drafting", "", "Private Wealth", "Tony Siu", "", "", "", "OpenAI (ChatGPT Team)", "N", "N", "N", "", "", "", "", "", "", "Y", "found in expense claims"],
    "Back office 後勤",
    [27, "Invoice reader", "Extracts fields from supplier invoices", "Finance", "Carmen Ng", "Henry Poon", "", "OCR", "PaperLess Ltd", "N", "N", "N", "Low", "44,927", "2023", "", "", "", "N", ""],
    [28, "Reconciliation matcher", "Matches cash and stock breaks", "Settlement", "Raymond Ip", "Henry Poon", "Group MRM", "Rules", "In-house", "N", "N", "N", "Medium", D(2015, 5, 5), "20250812", "", "Approved", "", "N", ""],
    [29, "會議紀錄摘要", "自動撰寫會議摘要（騰訊混元）", "Company Secretary", "", "Henry Poon", "", "", "騰訊雲", "", "", "否", "", "2025年9月", "", "", "", "", "", ""],
    [30, "Code assistant", "GitHub Copilot for developers", "IT", "Alan Sit", "Henry Poon", "", "Plugin", "GitHub", "N", "N", "N", "", "2024-06", "", "", "", "", "N", ""],
    [31, "Policy Q&A bot", "RAG over staff handbook and compliance manual", "HR / Compliance", "Alan Sit / Bonnie Tse", "", "", "", "in house", "Y", "N", "N", "Low", D(2026, 2, 9), "", "", "Pilot", "", "N", ""],
    [32, "CV sorter", "Ranks job applications", "HR", "Mabel Chow", "", "", "", "HireFast", "Yes", "No", "N", "", "11/12/2025", "", "", "", "", "Y", ""],
    [33, "Fee forecasting", "Quarterly fee income", "Finance", "Carmen Ng", "Henry Poon", "Group MRM", "Time series", "In-house", "N", "N", "N", "Low", D(2021, 1, 4), D(2026, 12, 1), "", "", "", "N", "next validation Dec"],
    [34, "E-mail phishing filter", "Blocks phishing mail", "IT", "Alan Sit", "Henry Poon", "", "ML (vendor)", "MailWall", "Y", "N", "N", "Medium", D(2019, 10, 1), "annual", "", "", "", "N", ""],
    [35, None, "Macro that picks files for sample testing", "Internal Audit", "Dennis Kam", "", "", "Macro", "In-house", "N", "N", "N", "Low", "", "", "", "", "", "N", ""],
    [36, "信贷评分 (孖展)", "孖展融资信贷评分", "Credit", "Fiona Lau", "Peter Ngan", "Group MRM", "Logistic regression", "内部", "Y", "N", "N", "High", D(2020, 6, 1), D(2025, 12, 3), "", "Approved", "", "Y", ""],
    [37, "Collateral haircut model", "Haircuts by stock", "Credit", "Fiona Lau", "Peter Ngan", "Group MRM", "VaR", "In-house", "N", "N", "N", "High", D(2014, 4, 1), "#REF!", "", "Approved", "", "N", ""],
    [38, "Insurance agency cross-sell", "Ranks clients for general insurance offers", "Insurance Agency", "Winnie Hui", "Mandy Fok", "", "Uplift model", "In-house", "Y", "N", "maybe", "Medium", "1.7.2024", "07/08/2024", "", "Live", "", "Y", ""],
]  # fmt: skip


def main() -> None:
    """Write the sample where the package carries it."""
    book = Workbook()
    sheet = book.active
    sheet.title = "AI list"
    for number, note in enumerate(NOTES, start=1):
        sheet.cell(row=number, column=1, value=note).font = Font(italic=number > 1, bold=number == 1)
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=len(HEADERS))
    _header(sheet)
    row = 6
    for entry in ROWS:
        if isinstance(entry, str):
            sheet.cell(row=row, column=1, value=entry).font = Font(bold=True)
            sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(HEADERS))
        else:
            _row(sheet, row, entry)
        row += 1
    sheet.merge_cells("D7:D10")  # one business unit for four rows
    sheet.cell(row=row + 1, column=1, value="Total 合計")
    sheet.cell(row=row + 1, column=2, value=38)
    sheet.cell(
        row=row + 3, column=1, value="* Tier per Group policy 2021; tools under HK$50k a year need not be listed"
    )
    _other_sheets(book)
    TARGET.write_bytes(_same_every_time(book))
    print(f"{TARGET.name}: {row - 6} rows, {TARGET.stat().st_size} bytes")


def _header(sheet: object) -> None:
    for first, last, text in GROUPS:
        sheet[f"{first}4"] = text
        sheet.merge_cells(f"{first}4:{last}4")
    for column, text in enumerate(HEADERS, start=1):
        cell = sheet.cell(row=5, column=column, value=text)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="FFF2CC")
        cell.alignment = Alignment(wrap_text=True)
        sheet.column_dimensions[cell.column_letter].width = 18


def _row(sheet: object, row: int, values: list[object]) -> None:
    for column, value in enumerate(values, start=1):
        if value in (None, ""):
            continue
        cell = sheet.cell(row=row, column=column, value=value)
        if value == "#REF!":
            cell.data_type = "e"


def _other_sheets(book: Workbook) -> None:
    old = book.create_sheet("2023 (old)")
    old.append(["Model", "Owner", "Validated"])
    old.append(["Margin scorecard", "K. Wong", "2022"])
    old.sheet_state = "hidden"
    lists = book.create_sheet("dropdowns")
    for text in ("High", "Medium", "Low"):
        lists.append([text])


def _same_every_time(book: Workbook) -> bytes:
    book.properties.created = datetime(2026, 1, 1)  # noqa: DTZ001 - the format has no zone
    raw, out = BytesIO(), BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2026-01-01T00:00:00Z", source.read(name))
            target.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


if __name__ == "__main__":
    main()
