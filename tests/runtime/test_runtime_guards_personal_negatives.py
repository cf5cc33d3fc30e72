"""What looks like personal data and is none: prices, dates, references, codes, places, firms, ordinary words."""

from __future__ import annotations

import pytest

from dualtrack.runtime.guards.personal import scan

NEGATIVES = """
NAV per unit was 12.3456 on 2026-11-20
The fund closed at HK$98.7654
HKD 23456789 was credited
USD 6,123,456.78 arrived
The amount is 61234567 dollars
Turnover of 91234567 shares
Sold 31234567 units at par
Order 61234567 was filled
Order ref 2026112012345678 was filled
Your order number is 91234567
Reference number: 51234567
Trade ID 98820120 settled T+2
Case 51234567 remains open
Invoice 61234567 is overdue
Ticket INC61234567 closed
Policy no. 61234567 lapsed
Claim 51234567 was paid
Tracking number 61234567 left the depot
Circular 20260115e1 refers
Circular 24EC55 of the SFC
Version 3.1.20260115 was released
Report dated 20260115
On 2026-01-15 and 15/01/2026
Meeting on 15 January 2026 at 14:30
Stock code 0700 and 9988
Stock codes 2800 3033 fell
Between 2024 2025 rates rose
The range 2400-2800 broke
Levels 3000-3500 hold
ISIN HK0000123456 is listed
CE number ABC123
IP 192.168.10.24 port 8443
Hash 9f86d081884c7d659a2feaa0c55ad015
UUID 123e4567-e89b-12d3-a456-426614174000
Section 32(1)(a) of Cap. 571
Paragraph 14(2) of Chapter 486
Population of 71234567 people
Batch 61234567, lot 12
0.4111111111111111 is a ratio
Order number 4111111111111112
4111111111111112
Card ending 1111
Call 999 in an emergency
The hotline 1823 is open
Premium rate 90012345
Room rates rose by 12%
Unit trust A rose
Block trades fell
Tower of strength
Market Street rallied
Nathan Road shops reopened
Queen Elizabeth Hospital
Hang Seng Bank raised its dividend
Wong Tai Sin branch is open
Ho Man Tin office moved
Ma On Shan and Yau Ma Tei
Tai Po, Sha Tin and Yuen Long
Lam Tin rents rose
Chow Tai Fook reported earnings
Cheung Kong and Sun Hung Kai
Lee Garden rents fell
Man Wah Holdings rose
Why did my card fail?
How long does a transfer take?
May I increase my limit?
So they asked to see the terms
On Monday the market fell
The Fund may invest in China A shares
Law Society guidance was issued
Central Bank policy
He said to sell
name: Monthly ranking
from: Forecast of flows
Dear customer,
Dear Sir or Madam
I am happy with this
This is Hong Kong
3 (4) 5
A (3)
Section A123 covers it
Model B12345 was replaced
a 1234567 gain
to 123456 7
@everyone look
a@b
user@localhost
資產淨值為12.3456元
金額為34567890元
成交23456789股
訂單編號61234567已完成
參考編號2026112012345678
交易編號91234567已結算
保單編號51234567仍然生效
個案編號21234567處理中
股份代號0700上升
營業額達81234567港元
人口達71234567人
恒生指數收報23456點
通函20260115號已發出
於2026年1月15日生效
每日轉賬上限10000元
第571章第32條
利率由1.25%升至2.50%
請問何時可以回覆？
高級經理會聯絡你
合規主任已獲委任
關於程序方面，請參考文件
黃金價格上升
白銀價格下跌
任何客戶均可申請
石油及黃金基金
馬上處理，方便客戶
安排於周末更新
江蘇業務增長
周大福業績理想
李錦記推出新品
容許每日上限
張貼通告
連同文件交回
成功完成交易
華南地區
溫度上升
謝謝
多謝你嘅幫忙
何文田同黃大仙
旺角及觀塘分行
九龍灣辦公室
沙田的樓價
中環地鐵站
國慶日休息
為何扣咗手續費？
HKID 唔見咗點算
點樣改 phone number？
FPS 幾時 maintenance？
Octopus 增值要幾耐？
order no 61234567 未 settle
limit 係 HK$12345678
轉咗 23456789 股去 CCASS
invoice 71234567 未俾
Tai Po branch 幾點閂門
[HKID] 同 [NAME]
""".strip().splitlines()


def test_there_are_more_than_a_hundred():
    assert len(set(NEGATIVES)) > 100


@pytest.mark.parametrize("text", NEGATIVES)
def test_it_is_left_alone(text):
    assert scan(text) == []
