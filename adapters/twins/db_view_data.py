"""What the database of the db_view twin holds: tables of invented pupils and jabs, views on them, an exchange table.

The views are written anew for each quirk and toxic that shows in what a department's database says by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg import sql

from adapters.twins.residents import Resident, county, luck

SCHOOLS = ("示范县第一小学（虚构）", "示范县第二小学（虚构）", "示范县实验中学（虚构）", "示范县测试中学（虚构）")
GRADES = ("11", "12", "13", "14", "15", "16", "21", "22", "23", "31", "32", "33")
VACCINES = ("乙肝疫苗", "卡介苗", "脊灰疫苗", "百白破疫苗", "麻腮风疫苗", "流脑疫苗")
PEOPLE = 300

TABLES = """
CREATE TABLE pupil ("XM" varchar(60), "SFZH" varchar(18), "XXMC" varchar(80), "XJH" char(19), "NJ" varchar(2),
  "JHRXM" varchar(60), "JHRZJH" varchar(18), "RXRQ" date, "ZT" varchar(2));
CREATE TABLE jab ("JZBH" bigint, "XM" varchar(60), "SFZH" varchar(18), "YMMC" varchar(40), "JZRQ" varchar(12));
CREATE INDEX ON pupil ("SFZH"); CREATE INDEX ON jab ("SFZH");
CREATE TABLE up_pro_accept (row_guid varchar(36) PRIMARY KEY, project_no varchar(40), project_name varchar(200),
  applyer_name varchar(60), apply_date timestamp, is_sync char(1) NOT NULL DEFAULT '0', cd_operation varchar(2),
  cd_time timestamp, cd_batch varchar(40));
"""
VIEWS = {
    "v_student": ("pupil", ("XM", "SFZH", "XXMC", "XJH", "NJ", "JHRXM", "JHRZJH", "RXRQ", "ZT")),
    "v_vaccination": ("jab", ("JZBH", "XM", "SFZH", "YMMC", "JZRQ")),
}
_SPOILT = {"XXMC", "YMMC"}  # the column that shows a contradiction, a changed type, a lost column


def pupils(seed: int) -> Iterator[Sequence[object]]:
    people = list(county().residents.values())[:PEOPLE]
    for number, person in enumerate(people):
        draw = luck(seed, "school", person.id_number)
        guardian = people[(number + 1) % PEOPLE]
        number_in_school = f"G{person.id_number[:17]}{draw.randrange(10)}"
        school, grade = draw.choice(SCHOOLS), draw.choice(GRADES)
        state = (None, "1", "01")[number % 3]
        enrolled = f"{1910 + number % 20}-09-01"
        yield (
            person.name, person.id_number, school, number_in_school, grade, guardian.name, guardian.id_number, enrolled,
            state,
        )  # fmt: skip
        if number % 10 == 0:  # a pupil who left, kept with state 9
            yield person.name, person.id_number, "已撤并小学（虚构）", number_in_school, "11", None, None, None, "9"


def jabs(seed: int) -> Iterator[Sequence[object]]:
    """2, 1, 0, 2, 1, 0 … of them; the days in three forms."""
    forms = ("{}{:02d}{:02d}", "{}-{:02d}-{:02d}", "{}/{:02d}/{:02d}")
    number = 0
    for position, person in enumerate(list(county().residents.values())[:PEOPLE]):
        for _ in range(_jabs_of(position)):
            number += 1
            draw = luck(seed, "jab", person.id_number, str(number))
            day = forms[number % 3].format(draw.randint(1921, 1999), draw.randint(1, 12), draw.randint(1, 28))
            yield number, person.name, person.id_number, draw.choice(VACCINES), day


def _jabs_of(position: int) -> int:
    return 2 - position % 3


def someone(jabs: int) -> Resident:
    """A person with so many jabs."""
    return list(county().residents.values())[2 - jabs]


def view(name: str, duplicate: str, charset: str, drift: str, slow: bool) -> sql.Composed:
    """The statement that makes a view, spoilt as told: `drift` is lost_column or types."""
    source, columns = VIEWS[name]
    plain = [_column(each, "", charset, drift) for each in columns if not (drift == "lost_column" and each in _SPOILT)]
    wait = sql.SQL(" WHERE pg_sleep(60) IS NOT NULL") if slow else sql.SQL("")
    made = sql.SQL("CREATE VIEW {} AS SELECT {} FROM {}").format(
        sql.Identifier(name), sql.SQL(", ").join(plain), sql.Identifier(source)
    )
    if not duplicate:
        return made + wait
    again = [_column(each, duplicate, charset, drift) for each in columns]
    second = sql.SQL(" UNION ALL SELECT {} FROM {}").format(sql.SQL(", ").join(again), sql.Identifier(source))
    return made + second + wait


def _column(name: str, duplicate: str, charset: str, drift: str) -> sql.Composable:
    column = sql.Identifier(name)
    if name in _SPOILT and duplicate == "contradict":
        return sql.SQL("{} || '分校' AS {}").format(column, column)
    if name in _SPOILT and drift == "types":
        return sql.SQL("length({}) AS {}").format(column, column)
    if name in _SPOILT and charset:  # read by the wrong charset before it was stored
        return sql.SQL("convert_from(convert_to({}, 'GB18030'), 'LATIN1') AS {}").format(column, column)
    return column
