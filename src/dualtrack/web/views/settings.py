"""What the running server is set to, in groups, each with where it is set; nothing here is a secret or leads to one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import make_url

from dualtrack.domain.records import Text
from dualtrack.present.text import date_text
from dualtrack.runtime.recorder import AT_RISK_MS
from dualtrack.runtime.retention import retention_classes
from dualtrack.runtime.snapshots import LEASE_S
from dualtrack.runtime.standing import standing_settings
from dualtrack.web.identity.roles import ROLE_NAMES
from dualtrack.web.parts import Fact
from dualtrack.web.settings import SETTINGS_NAME
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.runtime.engine import Runtime
    from dualtrack.web.settings import WebSettings
    from dualtrack.web.views.rendering import Language

__all__ = ["CHANGEABLE", "Changeable", "SettingGroup", "setting_groups"]


class Changeable(NamedTuple):
    """A setting that the page changes: its label and its limits in words."""

    label: Text
    hint: Text


class SettingGroup(NamedTuple):
    """Settings under one heading, and where they are set."""

    title: str
    where: str
    facts: tuple[Fact, ...]


CHANGEABLE: Mapping[str, Changeable] = {
    "idle_s": Changeable(
        Text(en="A session ends unused after (seconds)", zh="工作階段閒置多久後結束（秒）"),
        Text(en="60 to 86,400, at most the next figure.", zh="60至86,400，不多於下一項。"),
    ),
    "absolute_s": Changeable(
        Text(en="A session ends in any case after (seconds)", zh="工作階段最長時間（秒）"),
        Text(en="300 to 604,800.", zh="300至604,800。"),
    ),
    "burst": Changeable(
        Text(en="Requests of one source at once", zh="同一來源可同時提出的要求"),
        Text(
            en="1 to 100,000; pages and API, not the calls of models.",
            zh="1至100,000；限於頁面及 API，不包括模型調用。",
        ),
    ),
    "a_second": Changeable(
        Text(en="Requests of one source a second, for ever", zh="同一來源每秒可持續提出的要求"),
        Text(en="More than 0, up to 10,000.", zh="大於0，最多10,000。"),
    ),
}
"""Settings of web.toml that lock nobody out; the limits are those of `web.settings`."""

_YES, _NO = Text(en="yes", zh="是"), Text(en="no", zh="否")


def setting_groups(runtime: Runtime, running: WebSettings, language: Language) -> list[SettingGroup]:
    """Return the settings that are in force in this process."""
    file = both(Text(en=f"{SETTINGS_NAME}, read at the start", zh=f"{SETTINGS_NAME}，啟動時讀取"), language)
    shipped = Text(en="shipped with this release, the same for every institution", zh="隨此版本提供，各機構相同")
    rows: list[tuple[Text, str, list[tuple[Text, Text | str]]]] = [
        (Text(en="How it is served", zh="服務方式"), file, _served(running)),
        (Text(en="Sessions and limits in force", zh="現行工作階段及限額"), file, _limits(running)),
        (Text(en="Identity provider", zh="身分提供者"), f"{file}, [oidc]", _provider(running, language)),
        (Text(en="Store", zh="儲存"), "dualtrack.toml", _store(runtime)),
        (Text(en="Limits of the runtime", zh="運行時限"), both(shipped, language), _runtime()),
        (Text(en="Observe mode and signals", zh="觀察模式及訊號"), both(shipped, language), _standing()),
        (Text(en="Retention classes", zh="保存類別"), both(shipped, language), _retention()),
    ]
    return [
        SettingGroup(both(title, language), where, tuple(_fact(term, value, language) for term, value in facts))
        for title, where, facts in rows
    ]


def _fact(term: Text, value: Text | str, language: Language) -> Fact:
    return Fact(both(term, language), value if isinstance(value, str) else both(value, language))


def _yes(*, said: bool) -> Text:
    return _YES if said else _NO


def _served(running: WebSettings) -> list[tuple[Text, Text | str]]:
    nowhere = Text(en="off: nothing is sent", zh="關閉：不會傳送")
    sent = Text(en="on: spans of decisions are sent, without content", zh="開啟：傳送決定的追蹤資料，不含內容")
    return [
        (Text(en="Address that browsers type", zh="瀏覽器網址"), running.public_address or "–"),
        (Text(en="Browsers come by HTTPS", zh="經 HTTPS 連接"), _yes(said=running.https)),
        (Text(en="Trusted proxies in front", zh="前置可信代理"), str(running.proxies)),
        (Text(en="Live connections at once", zh="同時即時連線"), f"{running.live_connections:,}"),
        (Text(en="Telemetry", zh="遙測"), nowhere if running.otlp_endpoint is None else sent),
    ]


def _limits(running: WebSettings) -> list[tuple[Text, Text | str]]:
    given = (running.session.idle_s, running.session.absolute_s, running.rate.burst)
    values = [f"{value:,}" for value in given] + [f"{running.rate.a_second:.15g}"]
    return [(field.label, value) for field, value in zip(CHANGEABLE.values(), values, strict=True)]


def _provider(running: WebSettings, language: Language) -> list[tuple[Text, Text | str]]:
    oidc = running.oidc
    if oidc is None:
        none = Text(en="none: accounts have passwords here", zh="沒有：帳戶在此設有密碼")
        return [(Text(en="Provider", zh="提供者"), none)]
    names = {role: both(text, language) for role, text in ROLE_NAMES.items()}
    groups = "; ".join(f"{group}: {', '.join(names[role] for role in roles)}" for group, roles in oidc.roles.items())
    return [
        (Text(en="Provider", zh="提供者"), oidc.issuer),
        (Text(en="Client", zh="客戶端"), oidc.client_id),
        (Text(en="Institution", zh="機構"), oidc.institution),
        (Text(en="Groups and their roles", zh="群組及其角色"), groups),
        (
            Text(en="Client secret in a file of its own", zh="客戶端密鑰存於獨立檔案"),
            _yes(said=oidc.client_secret_file is not None),
        ),
    ]


def _store(runtime: Runtime) -> list[tuple[Text, Text | str]]:
    config = runtime.store.workspace.config
    kinds = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    found = [
        (
            Text(en=f"Database of compartment {name}", zh=f"資料庫（{name}）"),
            kinds.get(make_url(part.database).get_backend_name(), "–"),
        )
        for name, part in config.compartments.items()
    ]
    return [*found, (Text(en="Demonstration", zh="示範"), _yes(said=runtime.store.workspace.demo))]


def _runtime() -> list[tuple[Text, Text | str]]:
    return [
        (Text(en="A reading of permits and holds counts for", zh="准許及暫停的讀數有效期"), f"{LEASE_S:g} s"),
        (Text(en="Buffered mode: records at risk, at most", zh="緩衝模式：可能遺失的記錄，最多"), f"{AT_RISK_MS} ms"),
    ]


def _standing() -> list[tuple[Text, Text | str]]:
    found = standing_settings()
    rows: list[tuple[Text, Text | str]] = [
        (
            Text(en="Observe mode ends by itself after, at most", zh="觀察模式自動結束，最長"),
            Text(
                en=f"{found.observe_days_max} days; each use says its own when it begins",
                zh=f"{found.observe_days_max}日；各用途開始時自定",
            ),
        ),
        (Text(en="Figures checked on", zh="數字核對日期"), date_text(date.fromisoformat(found.checked_on))),
    ]
    effects = {
        "narrow": Text(en="every output is held for a person", zh="所有輸出須由人員覆核"),
        "lapse": Text(en="the permit lapses", zh="准許失效"),
        "look": Text(en="somebody must look; the permit stands", zh="須由人員查看，准許維持不變"),
    }
    for rule in found.signals:
        effect = effects[rule.effect]
        rows.append(
            (
                rule.says,
                Text(en=f"{effect.en}, within {rule.window_days} days", zh=f"{rule.window_days}日內：{effect.zh}"),
            )
        )
    return rows


def _retention() -> list[tuple[Text, Text | str]]:
    rows: list[tuple[Text, Text | str]] = []
    for name, item in retention_classes().items():
        law = item.law or Text(en="", zh="")
        said = Text(en=f"{item.says.en}. {law.en}".rstrip(". "), zh=f"{item.says.zh}。{law.zh}".rstrip("。"))
        rows.append((Text(en=name, zh=name), said))
    return rows
