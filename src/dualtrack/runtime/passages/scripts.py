"""Chinese characters brought to one form: Simplified to Traditional, and the variants that Hong Kong writes side by side.

One sign for one, for comparing and never for showing. A pair is of the General List of Simplified Chinese Characters (State Language
Commission, 1986); where one simplified sign stands for several, the one of customers' questions was chosen (发 for 發, not 髮). Signs that
Traditional text has too (后, 余, 托) are changed only in a text that has others which it never has.
"""

from __future__ import annotations

__all__ = ["to_traditional"]

_SIMPLIFIED = (
    "万与专业东丢两严丧个丰临为丽举么义乌乐乔习乡书买乱争于亏亚产亲亿仅仆从仓仪们价众优伙会伟传伤伦伪体侦侧俩债倾偿储儿党兰关"
    "兴养冈写军农冯决况冻凉减凑凤凭凯击划刘则刚创删剧劝办务动励劲劳势勋区医华协单卖卢卫厂厅历厉压厍厕厦厨参双发变叠叶号吕吗吨"
    "听启吴员咏响啰喽嘱团园围国图圆圣场坏块坚垲堕墙壮声壳处备复够头夹夺奖奥妆妇妈姗娄娇娱娴孙学宁宝实审宪宫宽宾对寻导寿将尔尝"
    "尧尽层届属屡屿岁岂岗岚岛岭巩币帅师帐带帮并广庄庆库应庙庞废开异弃弑张弥弯弹归当录彻径忆忧怀态怜总恋恼悬悭惊惧惩惯愿懒戏战"
    "执扩扫扬扰抛抢护报担拟拣拥拦拨择挞挟挡挣挥挨捞损换据揽揿搁携摆摊撑敌数斩断无旧时昼显晋晓晖暂术机杀杂权杆杠条来杨极构枪枫"
    "柜标栏树样栾档桥桦梦检楼槛横欢欧残毕气汇汉汤沟沪泄泽洁浅测济浏涛润涨渊渐渔湾满滤滥潜灭灯灵灾灿炜点炽烂烦烨热焕爱爷牺状犹"
    "独狱猪猫玛环现琼瑶电画畅畴疗癫监盖盗盘瞒码础硕硖确碍礼祸禄离种积称稣稳穷窃窝窦竞笋笔筑筛筹签简篱类粮紧纠红约级纪纯纳纵纷"
    "纸线练组细织终绍经绑结绕绘给络绝统继绩绪绫续绮维综绿缓编缘缚缩缪缴网罗罚罢聂职联聪胀胁胆胜脏脑脚腾艺节苍苏苹范荆荐荟荣药"
    "莲获莹莺营萧蓝蓟蔺蕴虑虫虽蚀蚕补袭装见观规视览觉触誉计订认讨让训议讯记讲许论设访证评识诈诉诊词译诒试诗诚话诞询该详语误诱"
    "说诵请诸诺读课谁谂调谅谈谊谋谌谍谎谓谢谦谨谭谱贝贞负贡财责贤败账货质贩贪贬购贯贴贵贷贸费贺贼贾资赋赎赏赔赖赚赞赠赢赵赶趋"
    "跃踪车轨轩转轮软轴轻载较辆辉输辖辞边达迁过运还这进远违连迟迹适选逊递逻遗遥邓邝邬邮邹邻郏郑郦释鉴针钓钖钞钟钥钧钩钭钮钰钱"
    "钻铁铃铜铠铭银铺链销锁锋锐错锚锡锣锦键镇镑镜长门闩闭问闲闳间闵闹闻阁阅阔阙阚队阳阴阵阶际陆陈险随隐隶隽难雠雾霭靓静韦韩韵"
    "页顶项顺须顾顿颂预领颇颐频颖颗题颜额风飘飞饥饭饶馆马驱驳驶驹驻驾骅骆骇验骐骗骤鱼鲍鲗鲜鸟鸭鸿鹏鹰麦齐龄龙龚"
)
_TRADITIONAL = (
    "萬與專業東丟兩嚴喪個豐臨為麗舉麼義烏樂喬習鄉書買亂爭於虧亞產親億僅僕從倉儀們價眾優夥會偉傳傷倫偽體偵側倆債傾償儲兒黨蘭關"
    "興養岡寫軍農馮決況凍涼減湊鳳憑凱擊劃劉則剛創刪劇勸辦務動勵勁勞勢勳區醫華協單賣盧衛廠廳歷厲壓厙廁廈廚參雙發變疊葉號呂嗎噸"
    "聽啟吳員詠響囉嘍囑團園圍國圖圓聖場壞塊堅塏墮牆壯聲殼處備復夠頭夾奪獎奧妝婦媽姍婁嬌娛嫻孫學寧寶實審憲宮寬賓對尋導壽將爾嘗"
    "堯盡層屆屬屢嶼歲豈崗嵐島嶺鞏幣帥師帳帶幫並廣莊慶庫應廟龐廢開異棄弒張彌彎彈歸當錄徹徑憶憂懷態憐總戀惱懸慳驚懼懲慣願懶戲戰"
    "執擴掃揚擾拋搶護報擔擬揀擁攔撥擇撻挾擋掙揮捱撈損換據攬撳擱攜擺攤撐敵數斬斷無舊時晝顯晉曉暉暫術機殺雜權桿槓條來楊極構槍楓"
    "櫃標欄樹樣欒檔橋樺夢檢樓檻橫歡歐殘畢氣匯漢湯溝滬洩澤潔淺測濟瀏濤潤漲淵漸漁灣滿濾濫潛滅燈靈災燦煒點熾爛煩燁熱煥愛爺犧狀猶"
    "獨獄豬貓瑪環現瓊瑤電畫暢疇療癲監蓋盜盤瞞碼礎碩硤確礙禮禍祿離種積稱穌穩窮竊窩竇競筍筆築篩籌簽簡籬類糧緊糾紅約級紀純納縱紛"
    "紙線練組細織終紹經綁結繞繪給絡絕統繼績緒綾續綺維綜綠緩編緣縛縮繆繳網羅罰罷聶職聯聰脹脅膽勝髒腦腳騰藝節蒼蘇蘋範荊薦薈榮藥"
    "蓮獲瑩鶯營蕭藍薊藺蘊慮蟲雖蝕蠶補襲裝見觀規視覽覺觸譽計訂認討讓訓議訊記講許論設訪證評識詐訴診詞譯詒試詩誠話誕詢該詳語誤誘"
    "說誦請諸諾讀課誰諗調諒談誼謀諶諜謊謂謝謙謹譚譜貝貞負貢財責賢敗帳貨質販貪貶購貫貼貴貸貿費賀賊賈資賦贖賞賠賴賺讚贈贏趙趕趨"
    "躍蹤車軌軒轉輪軟軸輕載較輛輝輸轄辭邊達遷過運還這進遠違連遲跡適選遜遞邏遺遙鄧鄺鄔郵鄒鄰郟鄭酈釋鑑針釣鍚鈔鐘鑰鈞鉤鈄鈕鈺錢"
    "鑽鐵鈴銅鎧銘銀鋪鏈銷鎖鋒銳錯錨錫鑼錦鍵鎮鎊鏡長門閂閉問閒閎間閔鬧聞閣閱闊闕闞隊陽陰陣階際陸陳險隨隱隸雋難讎霧靄靚靜韋韓韻"
    "頁頂項順須顧頓頌預領頗頤頻穎顆題顏額風飄飛飢飯饒館馬驅駁駛駒駐駕驊駱駭驗騏騙驟魚鮑鰂鮮鳥鴨鴻鵬鷹麥齊齡龍龔"
)
_VARIANTS = "裏賬綫啓衞説兑滙恆羣証脱税悦閲鋭爲僞臺牀峯週户内温却没强虚净册别污烟恶鉅祇佈鑒吿揾録戸値黄眞麽倂絶鈎奬寳囘麪毁産顔彦緖劵"
_USUAL = "裡帳線啟衛說兌匯恒群證脫稅悅閱銳為偽台床峰周戶內溫卻沒強虛淨冊別汙煙惡巨只布鑑告搵錄戶值黃真麼併絕鉤獎寶回麵毀產顏彥緒券"

# In Traditional text too, with another meaning: 後 and 后, 餘 and 余. What is left out (系, 表, 面, 台 ...) is more often the same sign in both.
_SHARED = "后里余几准征松游托咨采挂"
_SHARED_AS = "後裡餘幾準徵鬆遊託諮採掛"

_ALWAYS = str.maketrans(_SIMPLIFIED + _VARIANTS, _TRADITIONAL + _USUAL)
_WITH_SHARED = str.maketrans(_SIMPLIFIED + _VARIANTS + _SHARED, _TRADITIONAL + _USUAL + _SHARED_AS)
_EVIDENCE = frozenset(_SIMPLIFIED)


def to_traditional(text: str) -> str:
    """Return the text with one form for each character; a text without Chinese is returned as it is."""
    if text.isascii():
        return text
    return text.translate(_ALWAYS if _EVIDENCE.isdisjoint(text) else _WITH_SHARED)
