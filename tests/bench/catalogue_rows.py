"""Makes a nationwide catalogue by chance, always the same one: each county offers many items that all others offer too
and some of its own. `python -m tests.bench.catalogue_rows URL [ITEMS]` fills a migrated database through the import's
own writer (3,000,000 items of about 306,000 titles unless told otherwise) and prints rows per second.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections.abc import Iterator

from sqlalchemy import text

from hub.catalogue import divisions
from hub.catalogue.items import Item, item_id
from hub.catalogue.writing import LONGEST_S, Writer, lock
from hub.database import Database, patient

SEED = 20200423
TITLES_PER_ITEM = 306 / 3000
_PLACES = "城镇 农村 城乡 县级 市级 涉外 跨省 异地 临时 个人 单位 企业 新建 改建 首次 重点 一般 小型 大型 公共".split()
_THINGS = (
    "居民身份证 户籍 户口 居住证 出生 婚姻 结婚 离婚 收养 生育 医疗保险 养老保险 失业保险 工伤保险 社会保障卡 公积金 不动产 房屋 "
    "土地 宅基地 林木 采矿 取水 排污 食品经营 食品生产 药品经营 医疗器械 医疗机构 医师执业 护士执业 公共场所卫生 餐饮服务 "
    "个体工商户 有限公司 合伙企业 社会团体 民办学校 教师资格 学籍 入学 助学贷款 就业 创业补贴 技能培训 劳动合同 人才引进 "
    "机动车 驾驶证 道路运输 网约车 出租汽车 公交卡 停车 占道 广告设置 户外广告 建筑施工 消防验收 规划许可 工程竣工 人防工程 "
    "环境影响 水土保持 防洪 渔业捕捞 畜禽养殖 种子生产 兽药经营 农药经营 农机 农民专业合作社 宗教活动 文物保护 演出 出版物 "
    "印刷经营 电影放映 互联网上网 体育场所 旅行社 导游 烟草零售 酒类批发 粮食收购 成品油 燃气经营 供热 供水 电力设施 特种设备 "
    "计量器具 产品质量 商标 专利 税务 发票 统计 审计 公证 法律援助 司法鉴定 律师执业 仲裁 信访 救助 低保 特困人员 残疾人 老年人 "
    "孤儿 退役军人 烈士 优抚 殡葬 地名 门牌 慈善 志愿服务 气象 防雷 地震 测绘 档案 保密 密码 无线电 邮政 快递 通信"
).split()
_PARTS = "信息 证书 资格 证明 资料 补贴 费用 项目 场所 经营权 使用权 许可证 登记证 合格证 待遇 档案 账户 合同 标识 设施".split()
_ACTS = (
    "设立登记 变更登记 注销登记 首次登记 转移登记 抵押登记 更正登记 查询 申领 补领 换领 核发 延续 变更 注销 备案 审批 审核 认定 "
    "给付 缴费 年检 校验 预约 举报 咨询 打印 核验 报名 公示"
).split()


def titles(number: int, chance: random.Random) -> list[str]:
    """Different titles, the shorter ones first, as common items have them."""
    short = [f"{thing}{act}" for thing in _THINGS for act in _ACTS]
    middle = [f"{thing}{part}{act}" for thing in _THINGS for part in _PARTS for act in _ACTS]
    chance.shuffle(short)
    chance.shuffle(middle)
    made = (*short, *middle)[:number]
    long = (f"{place}{title}" for place, title in itertools.product(_PLACES, (*middle, *short)))
    return [*made, *itertools.islice(long, max(0, number - len(made)))]


def items(number: int) -> Iterator[Item]:
    """Items county by county; a title's chance falls with its place in the list."""
    chance = random.Random(SEED)
    offered = titles(max(1000, int(number * TITLES_PER_ITEM)), chance)
    counties = [code for code in sorted(divisions.current()) if divisions.level(code) == "county"]
    counties = counties[: max(1, number // 1000)]
    each = -(-number // len(counties))
    made = itertools.count()
    for county in counties:
        chosen = {int(len(offered) * chance.random() ** 3) for _ in range(each)}
        while len(chosen) < each:
            chosen.add(chance.randrange(len(offered)))
        for place in sorted(chosen):
            if next(made) >= number:
                return
            yield _item(county, offered[place], place)


def _item(county: str, title: str, place: int) -> Item:
    code = f"{county[:2]}0{place:09d}-{county}000000-000-11{county}MB{place % 10_000_000:07d}X-1-00"
    return Item(
        id=item_id("bench", county, code),
        source="bench",
        title=title,
        region=county,
        codes={"task_code": code},
        body={"link": f"https://zwfw.example/?itemCode={code}", "task_type": str((1, 5, 7, 20)[place % 4])},
        department=f"11{county}MB{place % 53:07d}X",
        department_name="县级部门",
        audience=("person", "company", "both")[place % 3],
    )


def fill(database: Database, number: int) -> float:
    """Rows per second."""
    began = time.perf_counter()
    with database.session() as session:
        lock(session, LONGEST_S)
        with Writer(session) as writer:
            for row, item in enumerate(items(number), 1):
                writer.add(item, row)
            counts = writer.finish()
    took = time.perf_counter() - began
    with database.read() as connection:
        patient(connection, 600)
        connection.execute(text("SET statement_timeout = '600s'"))
        connection.execute(text("VACUUM ANALYZE catalogue_name"))
        connection.execute(text("VACUUM ANALYZE catalogue_item"))
        connection.execute(text("RESET statement_timeout"))
    return (counts.new + counts.changed + counts.unchanged) / took


if __name__ == "__main__":
    database = Database(sys.argv[1], pool_size=2)
    print(f"{fill(database, int(sys.argv[2]) if len(sys.argv) > 2 else 3_000_000):.0f} rows/s")
