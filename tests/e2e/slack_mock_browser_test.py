#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""slack-mock's page in a real browser: its content, live updates, wide and narrow screens, and messages that cannot run code.

Run it in the build directory: it starts ./slack-mock. With SCREENSHOTS=DIRECTORY it leaves pictures there.
"""
import os
import pathlib

from labtest import TestFailure, expect, need, run_main, wait_until
from slack_mock_test import Mock
from webdriver import Browser

FIRING = {"channel": "#minishop-alerts", "username": "Alertmanager", "icon_emoji": ":rotating_light:", "attachments": [{
    "color": "danger", "title": "FIRING: MiniShop fails 32 % of its requests", "title_link": "http://127.0.0.1:9090/console",
    "pretext": "<!here>", "text": "More than *10 %* of `minishop` &amp; _its_ ~friends~ fail.\n<http://127.0.0.1:9090/q?a=1&amp;b=2|Query>",
    "fields": [{"title": "Alert", "value": "MiniShopHighErrorRate", "short": True},
               {"title": "Status", "value": "1 firing", "short": True}, {"title": "Note", "value": "a long one"}],
    "actions": [{"type": "button", "text": "Runbook", "url": "https://runbook.test/"},
                {"type": "button", "text": "Nowhere", "url": "javascript:alert(1)"}],
    "footer": "MiniShop lab", "ts": 1795400000}]}
RESOLVED = {"channel": "#minishop-alerts", "username": "Alertmanager", "icon_emoji": ":white_check_mark:", "attachments": [{
    "color": "good", "title": "RESOLVED: MiniShop is back", "text": "It lasted 4m20s."}]}
GROUPED = {"channel": "#minishop-alerts", "attachments": [{"color": "danger", "title": "FIRING: MiniShopDown (2 firing, 1 resolved)",
    "text": ":rotating_light: *minishop-1 is down*\nno answer\n\n:rotating_light: *minishop-2 is down*\nno answer\n\n"
            ":white_check_mark: *RESOLVED: minishop-3*\n_It lasted 1m_"}]}
HOSTILE = {"channel": "#minishop-alerts", "username": "<b>mallory</b>", "text":
    "<script>window.owned = 1</script> &lt;img src=x onerror='window.owned = 1'&gt; <javascript:window.owned=1|click>",
    "attachments": [{"title": "<img src=x onerror='window.owned = 1'>", "title_link": "javascript:window.owned=1",
                     "text": "*<svg onload=window.owned=1>*", "color": "red;background:url(http://x.test/)",
                     "image_url": "data:text/html,<script>window.owned=1</script>", "footer": "</div><script>window.owned=1</script>"}]}
# A label with a mention and a link, as Alertmanager's template escapes it: plain text in every part of a message.
ESCAPED = "&lt;!channel&gt; &lt;http://evil.example|click&gt; &amp;lt;"
QUOTED = {"channel": "#minishop-alerts", "text": ESCAPED, "attachments": [{
    "title": ESCAPED, "text": f"*{ESCAPED}*\n`{ESCAPED}`", "footer": ESCAPED, "fields": [{"title": ESCAPED, "value": ESCAPED, "short": True}]}]}
LONG = {"channel": "#minishop-alerts", "username": "l" * 200, "text": "w" * 3000, "attachments": [
    {"title": "t" * 300, "text": "`" + "c" * 400 + "`\n```" + "p" * 400 + "```\n" + "lorem ipsum " * 500,
     "fields": [{"title": "f" * 100, "value": "v" * 300, "short": True}], "footer": "u" * 300,
     "actions": [{"type": "button", "text": "b" * 100, "url": "http://x.test/" + "y" * 300}]}]}
# Input that makes a careless parser slow: unclosed marks.
PATHOLOGICAL = {"channel": "#minishop-alerts", "text": "*a _b ~c `d <e :f " * 2200}


def count(browser, selector):
    return browser.run("return document.querySelectorAll(arguments[0]).length", selector)


def text(browser, selector):
    return browser.run("return document.querySelector(arguments[0])?.textContent ?? null", selector)


def wait_count(browser, selector, number):
    wait_until(f"{number} of {selector}", lambda: count(browser, selector) == number)


def fits(browser, what):
    width, room = browser.run("return [document.scrollingElement.scrollWidth, innerWidth]")
    if width > room:
        raise TestFailure(f"{what}: {width} px wide on a screen of {room} px")
    inner = browser.run("const box = document.getElementById('scroll'); return [box.scrollWidth, box.clientWidth]")
    if inner[0] > inner[1]:
        raise TestFailure(f"{what}: the messages are {inner[0]} px wide in {inner[1]} px")


def picture(browser, name):
    directory = os.environ.get("SCREENSHOTS")
    if directory:
        browser.screenshot(pathlib.Path(directory, f"{name}.png"))


def check_first_steps(mock, browser):
    browser.open(f"http://127.0.0.1:{mock.port}/")
    wait_until("the empty page is live", lambda: text(browser, "#link") == "live")
    expect("an empty page says what to do", browser.run("return document.getElementById('empty').hidden"), False)
    expect("the address to use", text(browser, "#hook"), f"http://127.0.0.1:{mock.port}/services/T000/B000/anything")
    browser.run("window.same_page = true; document.getElementById('sample').click()")
    wait_count(browser, ".message[data-state=firing]", 1)
    expect("not empty any more", browser.run("return document.getElementById('empty').hidden"), True)
    mock.ask("DELETE", "/messages")
    wait_count(browser, ".message", 0)
    wait_until("empty again", lambda: not browser.run("return document.getElementById('empty').hidden"))


def check_alerts(mock, browser):
    mock.post(FIRING)
    wait_count(browser, ".message[data-state=firing]", 1)
    mock.post(RESOLVED)
    wait_count(browser, ".message[data-state=resolved]", 1)
    expect("shown without a reload", browser.run("return window.same_page"), True)
    expect("in words", [text(browser, f".message[data-state={s}] .state") for s in ("firing", "resolved")], ["Firing", "Resolved"])
    colours = browser.run("return ['firing', 'resolved'].map((s) => getComputedStyle(document.querySelector("
                          "`.body[data-state=${s}]`)).borderLeftColor)")
    if colours[0] == colours[1]:
        raise TestFailure("firing and resolved have the same bar")
    body = ".message[data-state=firing] .body"
    for selector, expected in ((".title a", "FIRING: MiniShop fails 32 % of its requests"), (".text strong", "10 %"),
                               (".text code", "minishop"), (".text em", "its"), (".text s", "friends"), (".text a", "Query"),
                               (".fields dt", "Alert"), (".fields dd", "MiniShopHighErrorRate"), (".actions a", "Runbook")):
        expect(selector, text(browser, f"{body} {selector}"), expected)
    expect("a mention", text(browser, ".message[data-state=firing] .mention"), "@here")
    expect("a button with javascript: is not a link", count(browser, f"{body} .actions a"), 1)
    links = browser.run("return [...document.querySelectorAll('.message a')].map((a) => [a.href, a.rel])")
    expect("a link", links[1], ["http://127.0.0.1:9090/q?a=1&b=2", "noopener noreferrer"])
    first, second, third = browser.run(f"return [...document.querySelectorAll('{body} .fields > div')].map((d) => d.offsetTop)")
    expect("short fields are side by side, the long one is below", (first == second, third > first), (True, True))
    mock.post(GROUPED)
    wait_until("the group", lambda: (text(browser, ".message:last-child .text") or "").count("is down") == 2)
    expect("its headlines", count(browser, ".message:last-child .text strong"), 3)
    expect("the day", text(browser, "#messages")[:5], "Today")


def check_hostile(mock, browser):
    mock.post(HOSTILE)
    wait_until("the hostile message", lambda: "window.owned = 1" in (text(browser, ".message:last-child .words") or ""))
    shown = text(browser, ".message:last-child")
    for part in ("<script>window.owned = 1</script>", "<img src=x onerror='window.owned = 1'>", "<b>mallory</b>",
                 "<svg onload=window.owned=1>", "</div><script>"):
        if part not in shown:
            raise TestFailure(f"not shown as text: {part}")
    expect("nothing ran", browser.run("return window.owned ?? null"), None)
    expect("elements from a message", count(browser, ".message script, .message img, .message iframe, .message [style*=url]"), 0)
    expect("links that are not http", count(browser, ".message a:not([href^='http'])"), 0)
    mock.post(QUOTED)
    wait_until("the escaped message", lambda: (text(browser, ".message:last-child") or "").count("<!channel> <http://evil.example|click> &lt;") == 7)
    expect("mentions and links in escaped text", count(browser, ".message:last-child .mention, .message:last-child a"), 0)


def check_long(mock, browser):
    mock.post(LONG)
    wait_count(browser, ".message:last-child .more", 2)
    picture(browser, "desktop-long")
    for width, height in ((1200, 900), (375, 812), (320, 568)):
        browser.resize(width, height)
        fits(browser, f"folded, {width} px")
        browser.run("document.querySelectorAll('.more').forEach((b) => b.click())")
        fits(browser, f"unfolded, {width} px")
        browser.run("document.querySelectorAll('.more').forEach((b) => b.click())")
    browser.resize(1200, 900)
    mock.post(PATHOLOGICAL)
    wait_until("marks that never close are shown", lambda: "*a _b" in (text(browser, ".message:last-child .words") or ""))
    mock.post({"channel": "#other", "text": "elsewhere"})
    wait_until("another channel is offered", lambda: "1" in (text(browser, "#channels .badge") or ""))
    expect("and not mixed with this one", browser.run("return document.querySelector('.message:last-child').hidden"), True)


def check_modes(mock, browser):
    mock.mode("outage")
    wait_until("the page reports the outage", lambda: "outage" in (text(browser, "#trouble") or ""))
    mock.post(FIRING)
    wait_until("the refusal is counted", lambda: text(browser, "#refused") == "1")
    browser.run("document.querySelector('#trouble button').click()")
    wait_until("back to normal", lambda: mock.messages()["control"]["mode"] == "ok")
    browser.run("const m = document.getElementById('mode'); m.value = 'revoked'; m.dispatchEvent(new Event('change'))")
    wait_until("chosen on the page", lambda: mock.messages()["control"]["mode"] == "revoked")
    mock.mode("ok")


def check_phone_and_night(mock):
    for dark in (False, True):
        with Browser(375, 812, dark) as browser:
            browser.open(f"http://127.0.0.1:{mock.port}/")
            wait_until("the phone shows the messages", lambda: count(browser, ".message") > 5)
            browser.run("document.querySelector('#channels button').click()")
            name = "dark" if dark else "light"
            fits(browser, f"a phone, {name}")
            luminance = browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
            expect(f"{name} paper {luminance}", sum(luminance) < 384, dark)
            picture(browser, f"phone-{name}-end")
            browser.run("document.getElementById('scroll').scrollTop = 0")
            picture(browser, f"phone-{name}-top")
            expect("errors in the console", browser.console_errors(), [])


def main():
    need("chromium", "chromedriver")
    with Mock() as mock:
        with Browser() as browser:
            for check in (check_first_steps, check_alerts, check_hostile, check_long, check_modes):
                check(mock, browser)
                print(f"ok {check.__name__}", flush=True)
            browser.run("document.querySelector('#channels button').click(); document.getElementById('scroll').scrollTop = 0")
            picture(browser, "desktop-light")
            # A refused javascript: link or inline script would be reported here by the Content-Security-Policy.
            expect("errors in the console", browser.console_errors(), [])
        check_phone_and_night(mock)
        print("ok check_phone_and_night")


if __name__ == "__main__":
    run_main(main)
