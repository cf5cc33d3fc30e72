"""Sentences of the labelled set of personal_data_set.py: with slots for data, and hard negatives without any."""

from __future__ import annotations

__all__ = ["CLOSINGS", "NEGATIVES", "OPENINGS", "TEMPLATES"]


def _lines(text: str) -> list[str]:
    return [line for line in text.strip().split("\n") if line]


OPENINGS = {
    "en": [
        "",
        "",
        "",
        "Hi team, ",
        "Good morning. ",
        "Following up on yesterday: ",
        "Urgent - ",
        "As discussed, ",
        "Hello, ",
        "FYI ",
    ],
    "zh": ["", "", "", "你好，", "早晨！", "跟進昨日個案：", "緊急：", "請問", "麻煩幫手，", "補充資料 "],
    "mixed": ["", "", "", "Hi，", "唔該幫我 check 下，", "Update: ", "Re 上次 call，", "Thanks，", "其實 ", "FYI，"],
}
CLOSINGS = {
    "en": [
        "",
        "",
        ".",
        ". Thank you.",
        " - please action.",
        ". Kindly confirm by Friday.",
        "; let me know",
        "\nRegards",
    ],
    "zh": ["", "", "。", "。多謝", "，請盡快處理。", "，聽日之前覆我。", "！", "\n謝謝"],
    "mixed": ["", "", "。", " thanks", "，ASAP 呀", ". 唔該晒", "，OK？", "\nthx"],
}

TEMPLATES = {
    "en": _lines("""
Her identity document reads {hkid}
HKID {hkid} was copied twice
The customer gave {hkid} at the counter
Identity card number: {hkid}, date of birth withheld
Please verify {hkid} against the register
We hold ID {hkid} on file for the joint holder
Applicant 2 ({hkid}) did not sign
Resident identity card {mainland_id} issued in the mainland
The spouse's PRC ID is {mainland_id}
KYC refresh: {mainland_id} expires next year
He tried to pay with {card} and was declined
Block the card {card} at once
The number on the front is {card}
Charge {card} for the annual fee
My Visa ending wrongly is {card}, exp 09/29
Statement should go to {email}
Write to {email} instead of the old address
Contact: {email} / {phone}
You can reach me on {phone} after six
Tel: {phone}
Her mobile is {phone} and she prefers WhatsApp
Call back {phone} before noon
The client rang from {phone}
New contact number {phone} takes effect today
{phone} is switched off all day
Passport no. {passport}
She travels on passport {passport}
The travel document {passport} was lost
Home return permit {permit} seen by branch staff
His permit number is {permit}
Transfer the balance to account {bank_account}
Beneficiary account: {bank_account}
Refund goes to {bank_account} with the usual narrative
Payroll for June should hit {bank_account}
FPS ID {fps_id} is registered to the shop
Send it by FPS to identifier {fps_id}
Octopus card {octopus} was reported lost
Refund the Octopus number {octopus} please
I live at {address_en}
Correspondence address: {address_en}
Deliver the cheque book to {address_en}
The flat at {address_en} is the collateral
He moved from {address_en} last month
Registered address {address_en}
My name is {name_en}
Mr {name_en} called about his mortgage
The account belongs to {name_en}
Policyholder: {name_en}
{name_en} and {name_en} are joint applicants
Dear {name_en}, your claim was approved
Ms {name_en} disputes the fee
Please ask {name_en} to sign page four
Complaint lodged by {name_en} on Monday
{name_en} (HKID {hkid}) requests a copy of the policy
{name_en}, {phone}, {email}
Attn: {name_en}, {address_en}
Payee {name_en}, account {bank_account}
Customer {name_en} of {address_en} holds card {card}
Caller says she is {name_en}, identity card {hkid}, tel {phone}
Guarantor {name_en}; passport {passport}; phone {phone}
Refund {name_en} through FPS {fps_id}
Signed, {name_en}
I spoke with {name_en} from the Kwun Tong branch
Minutes: {name_en} objected to the limit increase
"""),
    "zh": _lines("""
佢張身份證係{hkid}
客人身份證號碼{hkid}已核實
{hkid}呢位客未簽名
證件號碼：{hkid}
請核對{hkid}同系統紀錄
身分證{hkid}影印本不清晰
內地居民身份證{mainland_id}
配偶證件{mainland_id}下年到期
開戶用咗{mainland_id}登記
信用卡{card}唔見咗
請即時凍結{card}
用{card}俾年費俾唔到
卡號{card}有效期至明年
月結單寄去{email}
電郵{email}收唔到通知
請改用{email}聯絡
請致電{phone}搵我
我電話{phone}
手提{phone}，夜晚先得閒
佢由{phone}打嚟投訴
新聯絡電話係{phone}由今日起生效
{phone}成日打唔通
護照號碼{passport}
佢用護照{passport}入境
回鄉證{permit}已過期
證件係回鄉證，號碼{permit}
請將款項轉去戶口{bank_account}
收款帳戶：{bank_account}
退款入{bank_account}就得
糧單入數去{bank_account}
轉數快識別碼{fps_id}
用轉數快過去{fps_id}
八達通號碼{octopus}要退款
唔見咗八達通{octopus}
我住喺{address_zh}
通訊地址：{address_zh}
支票簿請寄{address_zh}
抵押物業位於{address_zh}
上個月由{address_zh}搬走
公司註冊地址{address_zh}
我叫{name_zh}
{name_zh}先生致電查詢按揭
戶口持有人為{name_zh}
投保人：{name_zh}
{name_zh}同{name_zh}係聯名申請人
{name_zh}女士唔同意收費
請通知{name_zh}簽第四頁
投訴人{name_zh}星期一嚟過分行
{name_zh}（身份證{hkid}）要求保單副本
{name_zh}，{phone}，{email}
收件人{name_zh}，{address_zh}
收款人{name_zh}，戶口{bank_account}
客戶{name_zh}住{address_zh}，持有{card}
來電者自稱{name_zh}，身份證{hkid}，電話{phone}
擔保人{name_zh}；護照{passport}；電話{phone}
經轉數快{fps_id}退款俾{name_zh}
簽署：{name_zh}
我啱啱同{name_zh}傾過
會議紀錄：{name_zh}反對提高限額
{name_zh}小姐話未收到卡
"""),
    "mixed": _lines("""
客人 HKID {hkid} 要 update
我個 ID card 係{hkid}呀
check 下{hkid}得唔得
PRC ID{mainland_id}可以開戶口嗎
張 card{card}俾人 hack 咗
Visa {card}碌唔到
send 去{email}啦
我 email 係{email}
call 我{phone}
WhatsApp {phone} 搵我
佢個 mobile{phone}轉咗
passport {passport} 過咗期
我張護照 passport no {passport}
回鄉證 permit {permit}
transfer 去戶口{bank_account}
個 account 係 {bank_account}
FPS{fps_id}過數
我用 FPS ID {fps_id} 收錢
八達通 Octopus {octopus}
Octopus card 號碼係{octopus}
寄去 {address_en} 呀
地址 {address_zh} 有冇 update
我住 {address_en}
{address_zh} 呢個 address 唔啱
我係 {name_en}
customer {name_zh} 話 app 開唔到
{name_en} 同 {name_zh} joint account
Mr {name_en} 投訴
{name_zh}小姐 call 過嚟
{name_en}（{name_zh}）HKID {hkid}
搵 {name_en} 簽名，電話{phone}
{name_zh} email {email}
受益人 {name_en}
申請人 {name_en}，戶口{bank_account}
client {name_en} 要改 address 做 {address_zh}
RM {name_en} follow up 緊
"""),
}

NEGATIVES = {
    "en": _lines("""
The fund closed at HK$##.#### on {y}-{m}-{d}
NAV per unit 12.#### as of {d}/{m}/{y}
Circular {y}{m}{d}e1 and circular 24EC55 refer
Order ref {y}{m}{d}######## was filled
Your order number is 6####### and ships today
Trade ID 9####### settled T+2
Stock code 0700 closed up, 9988 fell
Bought 2####### shares of 0005.HK
HKD 2,###,### was credited
The amount is HKD 34######
Turnover reached 8####### units
Version 3.1.#### was released on {y}{m}{d}
Invoice 20{m}####-### is overdue
Case 5####### remains open
The meeting on {d} January {y} lasted 90 minutes
Section 32(1)(a) of Cap. 571 applies
Chapter 486, paragraph 14 of the code
The ratio moved from 2400-2800 to 3100-3500
Between {y} and 2030 rates may rise
Ticket INC######## was closed
ISIN HK0000###### is listed
CE number ABC### belongs to the firm
Batch 4#########, lot 12
Queen Elizabeth Hospital and Hang Seng Bank are near the station
Please visit the Wong Tai Sin branch or Ho Man Tin office
The Central market opened higher and Asia followed
Tai Po, Sha Tin and Yuen Long saw lower prices
Chow Tai Fook and Cheung Kong reported earnings
Why did my card fail at the shop yesterday?
How long does a transfer take?
The Fund may invest in China A shares
May I increase my limit?
Premium of USD 1####.## is due
The hash is 9f86d081884c7d659a2feaa0c55ad015
IP 192.168.10.24, port 8443
Reference A1###### is pending
Room rates rose by ##%
Population reached 7####### people
Market Street opened a new branch
He asked to see the terms so we sent them
On Monday, Law Society guidance was issued
Lee Garden rents fell; Lam Tin rents rose
Tracking number 3######### left the depot
Section A123 covers 45 topics
Balance 6#######.## HKD
"""),
    "zh": _lines("""
基金於{y}年{m}月{d}日資產淨值為##.####元
通函{y}{m}{d}號已發出
訂單編號6#######已完成
參考編號{y}{m}{d}########
成交2#######股
金額為34######元
交易編號9#######已結算
股份代號0700上升，9988下跌
營業額達8#######港元
保單編號5#######仍然生效
個案編號2#######處理中
恒生指數收報2####點
人口達7#######人
請問何時可以回覆？
高級經理會聯絡你
關於程序方面，請參考文件
黃金價格上升
中環同旺角分行今日休息
任何客戶均可申請
利率由#.##%升至#.##%
會議於下午三時在會議室舉行
根據證券及期貨條例第571章第32條
管理費每年1.##%
馬上處理，方便客戶
石油及黃金基金表現理想
江蘇及華南業務增長
程式版本3.1.####
成交額高達8#######元
安排於周末進行系統更新
文件已寄出，請留意
區內樓價下跌
龍頭企業盈利上升
張先後次序
沙田及大埔的樓價
為何扣咗手續費？
白銀價格跌至每安士##.##美元
項目於{y}完成
任何時間都可以取消
容許每日轉賬上限1######元
發票編號4#######
"""),
    "mixed": _lines("""
個 fund 嘅 NAV 係 ##.####
order no 6####### 未 settle
stock code 9988 同 0700 點睇
update 咗 version 2.#.####
ref {y}{m}{d}#### 幫我睇下
HKD 2####### 幾時到
limit 係 HK$1######
circular 24EC55 講咩
轉咗 2####### 股去 CCASS
Ticket 8####### 仲 open
Hang Seng app 開唔到
Tai Po branch 幾點閂門
MPF 回報 #.##%
上限係 5####### units
{y}-{m}-{d} 嘅 statement
FPS 幾時 maintenance？
Octopus 增值要幾耐？
點樣改 phone number？
HKID 唔見咗點算
我想問 account opening 要咩文件
invoice 7####### 未俾
Central 同 Mong Kok 都有 ATM
USD 1####.## 兌 HKD
case 3####### 跟緊
"""),
}
