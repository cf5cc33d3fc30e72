"""Names, streets and estates of the labelled set of personal_data_set.py: written for it, shared with no recogniser."""

from __future__ import annotations

__all__ = [
    "AREAS_EN",
    "AREAS_ZH",
    "ESTATES_EN",
    "ESTATES_ZH",
    "FOREIGN",
    "GIVEN",
    "HOUSES_ZH",
    "PINYIN",
    "ROADS_EN",
    "ROADS_ZH",
    "ROAD_TYPES",
    "ROMAN_GIVEN",
    "ROMAN_SURNAMES",
    "SURNAMES",
    "WESTERN",
]


def _items(text: str) -> list[str]:
    """Split at bars; line ends are only for the eye."""
    return text.replace("\n", "").split("|")


SURNAMES = _items("""
陳|黃|李|張|林|何|吳|鄧|梁|劉|蔡|馮|曾|許|鄭|袁|潘|鍾|蘇|盧|葉|郭|譚|余|羅|溫|邱|廖|莫|歐陽|司徒|簡|麥|甄|殷|湛|覃|戚|晏|鈕|隋
""")
GIVEN = _items("""
子軒|家樂|美儀|國強|靜雯|浩然|曉琳|志遠|慧敏|德輝|婉婷|俊傑|雪瑩|耀宗|佩珊|嘉豪|詩韻|永康|麗華|偉倫|敏|勇|芝|鋒|凱琪|沛霖|倩彤|煒樑|諾|瑞麟|心怡|秉謙|若蘭|卓賢|淑貞|
天佑|焯熹|芷澄|梓謙|栢堯|鑑泉|惠冰|妙娟|錫洪|燕萍|鳳嬌|兆基|啟文|穎妍|逸朗|樂瑤|晞桐|汝霖|壽昌|迺彬|翊嵐
""")
ROMAN_SURNAMES = _items("""
Chan|Wong|Lee|Cheung|Lam|Ho|Ng|Tang|Leung|Lau|Choi|Fung|Tsang|Hui|Cheng|Yuen|Poon|Chung|So|Lo|Yip|
Kwok|Tam|Yu|Law|Wan|Yau|Liu|Mok|Au-Yeung|Szeto|Kan|Mak|Yan|Wun|Tsim|Chik|Sui|Nip|Kwan|Tseng|Ngan
""")
ROMAN_GIVEN = _items("""
Tsz Hin|Ka Lok|Mei Yee|Kwok Keung|Ching Man|Ho Yin|Hiu Lam|Chi Yuen|Wai Man|Tak Fai|Yuen Ting|
Chun Kit|Suet Ying|Yiu Chung|Pui Shan|Ka Ho|Sze Wan|Wing Hong|Lai Wah|Wai Lun|Ka-wai|Man-ho|Lok-yi|
Siu-fong|Chi-keung|Pak-yiu|Wing-sze|Hoi-ching|Shuk Ching|Tin Yau|Cheuk Hei|Tsz Ching|Yuk Lan|
Sau Ping|Kam Chuen|Hon Sang|Yat Long|Nga Lai|Kai Cheong|Fung Kiu
""")
WESTERN = _items("""
Jason|Fiona|Marcus|Vivian|Kelvin|Joyce|Eric|Winnie|Samuel|Queenie|Felix|Bonnie|Raymond|Cherie|
Desmond|Yoyo|Ambrose|Mabel|Clement|Rainbow|Terence|Gloria|Horace|Ada|Hilary|Brenda|Cyrus|Sonia|
Edgar|Ruby
""")
PINYIN = _items("""
Zhang Weimin|Li Xiaohong|Wang Jianguo|Liu Yutong|Chen Haoran|Zhao Mengqi|Sun Lihua|Zhou Tianyi|
Xu Peng|Huang Yan|Guo Zihan|Ma Ruixue
""")
FOREIGN = _items("""
Priya Raman|Oliver Bennett|Maria Santos|Hiroshi Tanaka|Ahmed Khan|Siobhan Murphy|Jean-Luc Moreau|
Grace Okafor
""")
ROADS_EN = _items("""
Nathan|Queen's|Hennessy|Castle Peak|Prince Edward|Des Voeux|King's|Argyle|Waterloo|Kwun Tong|
Fuk Wing|Tai Nan|Shun Ning|Electric|Lockhart|Robinson|Hoi Yuen|Ma Tau Chung|Sai Yeung Choi|Un Chau
""")
ROAD_TYPES = _items("""
Road|Street|Road|Street|Avenue|Lane|Terrace|Drive|Path
""")
ESTATES_EN = _items("""
Mei Foo Sun Chuen|Taikoo Shing|Whampoa Garden|City One Shatin|Choi Hung Estate|Lek Yuen Estate|
Amoy Gardens|Laguna City|Wah Fu Estate|Kingswood Villas|Tsui Ping Estate|Heng Fa Chuen|
Sun Tuen Mun Centre|Lucky Plaza|Hang Wai Industrial Centre|Mirador Mansion
""")
AREAS_EN = _items("""
Mong Kok, Kowloon|Wan Chai, Hong Kong|Sha Tin, N.T.|Kwai Chung, New Territories|Quarry Bay|
Sham Shui Po|Tuen Mun, NT|Causeway Bay, HK|Kowloon|Tseung Kwan O
""")
AREAS_ZH = _items("""
九龍旺角|香港灣仔|新界沙田|葵涌|鰂魚涌|深水埗|屯門|銅鑼灣|九龍|將軍澳|新界元朗|香港仔|土瓜灣|
""")
ROADS_ZH = _items("""
彌敦道|皇后大道中|軒尼詩道|青山道|太子道西|德輔道西|英皇道|亞皆老街|窩打老道|福榮街|大南街|電氣道|羅便臣道|開源道|元州街|海壇街|怡和街|鴨寮街|廣播道|大埔公路
""")
ESTATES_ZH = _items("""
美孚新邨|太古城|黃埔花園|沙田第一城|彩虹邨|瀝源邨|淘大花園|麗港城|華富邨|嘉湖山莊|翠屏邨|杏花邨|好運中心|美麗都大廈|恆威工業中心|愉翠苑
""")
HOUSES_ZH = _items("""
金碧樓|華安閣|綠晶樓|翠榕樓|百合閣|
""")
