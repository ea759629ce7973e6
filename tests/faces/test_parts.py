"""Parts of the pages by themselves, in a browser whose clock is wrong, whose storage is full and whose net is slow."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.county import ROOT

HOST = "http://phone.test"
STATIC = ROOT / "blueprints" / "static"
PLACES = {"hub": ROOT / "miniprogram/src", "words": ROOT / "miniprogram/src", "shared": STATIC, "vendor": STATIC}
PAGE = '<script type="importmap">{"imports": {"vue": "/vendor/vue.js"}}</script>'
# What the framework gives: a storage of at most `room` entries, and answers by address.
UNI = """
const stored = new Map();
globalThis.phone = { stored, room: 99, answers: {} };
globalThis.uni = {
  getStorageSync: (name) => stored.get(name) || "",
  setStorageSync(name, value) {
    if (!stored.has(name) && stored.size >= phone.room) throw new Error("QuotaExceededError");
    stored.set(name, value);
  },
  removeStorageSync: (name) => stored.delete(name),
  getStorageInfoSync: () => ({ keys: [...stored.keys()] }),
  request: ({ url, success }) => phone.answers[url](success),
};
globalThis.settled = () => new Promise((done) => setTimeout(done));
"""
NOT_HERE = re.compile(r"// #ifndef H5\n.*?// #endif\n|// #ifdef MP-WEIXIN\n.*?// #endif\n", re.S)


def _serve(route: Route) -> None:
    path = route.request.url.removeprefix(HOST + "/")
    if not path:
        return route.fulfill(body=PAGE, content_type="text/html")
    source = (PLACES[path.partition("/")[0]] / path).read_text(encoding="utf-8")
    return route.fulfill(body=NOT_HERE.sub("", source), content_type="text/javascript")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.route(f"{HOST}/**", _serve)
    page.add_init_script(UNI)
    page.goto(HOST + "/")
    yield page
    context.close()


def test_a_page_that_is_left_and_shown_again_looks_once_a_round(page: Page) -> None:
    looked = page.evaluate("""async () => {
      const { watchOver } = await import("/hub/watch.js");
      const looks = [], rounds = [], later = window.setTimeout;
      const eye = watchOver(() => new Promise((done) => looks.push(done)));
      window.setTimeout = (round) => rounds.push(round);
      eye.start(); eye.stop(); eye.start();
      looks.forEach((done) => done());
      await new Promise((done) => later(done));
      window.setTimeout = later;
      return [looks.length, rounds.length];
    }""")
    assert looked == [2, 1]


def test_a_code_on_a_phone_whose_clock_is_an_hour_fast_lasts_as_long_as_it_should(page: Page) -> None:
    told = page.evaluate("""async () => {
      const { useCountdown } = await import("/hub/code.js");
      const { get, HUB } = await import("/hub/ask.js");
      const still = Date.now(); // however long the machine takes over this
      Date.now = () => still;
      const ends = new Date(still - 3600000 + 45000).toISOString();
      let asked = 0;
      const blind = useCountdown();
      blind.until(ends, () => (asked += 1));
      phone.answers[HUB + "/x"] = (success) =>
        success({ statusCode: 200, data: {}, header: { date: new Date(still - 3600000).toUTCString() } });
      await get("/x");
      const { left, until, stop } = useCountdown();
      until(ends, () => (asked += 1));
      stop();
      blind.stop();
      return [blind.left.value, left.value, asked];
    }""")
    assert told[0] == 5, "no storm of questions before the hub's time is known"
    assert 43 <= told[1] <= 47
    assert told[2] == 0


def test_a_full_phone_loses_kept_copies_but_no_answer_and_no_draft(page: Page) -> None:
    told = page.evaluate("""async () => {
      const { latest, HUB } = await import("/hub/ask.js");
      const { keepDraft, draftOf } = await import("/hub/drafts.js");
      phone.answers[HUB + "/a"] = (success) => success({ statusCode: 200, data: { of: "a" }, header: {} });
      phone.answers[HUB + "/b"] = (success) => success({ statusCode: 200, data: { of: "b" }, header: {} });
      await latest("/a");
      phone.room = 1;
      const second = await latest("/b");
      const draft = { fields: { reason: "x" }, materials: {}, key: "k" };
      keepDraft("s", draft);
      phone.room = 0;
      phone.stored.clear();
      const lost = { fields: {} };
      keepDraft("t", lost);
      return [second.body.of, [draft.at !== "", lost.at], (await latest("/a")).body.of];
    }""")
    assert told == ["b", [True, ""], "a"]


def test_an_answer_that_another_question_overtook_is_not_shown(page: Page) -> None:
    told = page.evaluate("""async () => {
      const { useList } = await import("/hub/list.js");
      const { HUB } = await import("/hub/ask.js");
      const open = {};
      for (const name of ["a", "b"]) phone.answers[`${HUB}/${name}`] = (success) => (open[name] = success);
      let name = "a";
      const list = useList(() => `/${name}`);
      list.load();
      name = "b";
      list.load();
      open.b({ statusCode: 200, data: { items: ["b"] }, header: {} });
      await settled();
      open.a({ statusCode: 200, data: { items: ["a"] }, header: {} });
      await settled();
      return [...list.items.value];
    }""")
    assert told == ["b"]


def test_a_list_of_staff_that_is_asked_for_again_stays_as_long_as_it_was(page: Page) -> None:
    told = page.evaluate("""async () => {
      const pages = { "": { items: [1, 2], next_cursor: "c" }, c: { items: [3, 4], next_cursor: "d" } };
      const cursor = (path) => new URL(path, location).searchParams.get("cursor") || "";
      window.fetch = async (path) => new Response(JSON.stringify(pages[cursor(path)]));
      const { useList } = await import("/shared/lists.js");
      const list = useList("/x");
      await list.begin();
      await list.more();
      const grown = [...list.items];
      await list.reload();
      const again = [...list.items];
      await list.begin();
      return [grown, again, [...list.items]];
    }""")
    assert told == [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2]]
