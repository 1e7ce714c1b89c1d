"""Plays a conversation on the page of a server in headless Chromium:

    check_page.py http://127.0.0.1:PORT FOLDER

Leaves screenshots in FOLDER. Wants selenium, chromium and chromium-driver.
"""
import json
import os
import sys
import time

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

base, folder = sys.argv[1:3]
os.makedirs(folder, exist_ok=True)
options = webdriver.ChromeOptions()
for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,800"):
    options.add_argument(flag)
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
page = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
wait = WebDriverWait(page, 60)
find = lambda id: page.find_element(By.ID, id)
done = lambda _: find("stop").get_attribute("disabled") is not None
shot = lambda name: page.save_screenshot(f"{folder}/{name}.png")


def answers():
    return [e.text for e in page.find_elements(By.CSS_SELECTOR, ".assistant .text")]


def say(text):
    """Sends it and waits for its answer, which a small model has given before anyone looks."""
    before = len(answers())
    find("message").send_keys(text, Keys.ENTER)
    wait.until(lambda _: len(answers()) > before)
    wait.until(done)


def named():
    """Whatever is shown to be used has a name, for those who cannot see it."""
    for element in page.find_elements(By.CSS_SELECTOR, "button, select, input, textarea"):
        if element.is_displayed():
            assert element.accessible_name, element.get_attribute("outerHTML")


page.get(base + "/")
wait.until(lambda _: len(find("model").find_elements(By.TAG_NAME, "option")) > 0)
find("max_tokens").clear()
find("max_tokens").send_keys("40")
find("seed").send_keys("1")
say("Once upon a time")
first = answers()
assert len(first) == 1 and first[0], first
shot("answer")

# The likelihood of a token under the pointer.
token = page.find_element(By.CSS_SELECTOR, ".token")
webdriver.ActionChains(page).move_to_element(token).perform()
assert "%" in find("tip").text, find("tip").text
shot("token")

# Edited and sent again: the same seed gives the same answer.
page.find_element(By.XPATH, "//button[text()='Edit']").click()
assert find("message").get_attribute("value") == "Once upon a time"
assert answers() == []
say("")
assert answers() == first, (answers(), first)

# Stopped.
find("max_tokens").clear()
find("max_tokens").send_keys("400")
find("message").send_keys("More", Keys.ENTER)
wait.until(lambda _: len(answers()) > 1 and answers()[-1])
find("stop").click()
wait.until(done)

# Two answers side by side, and a rating.
Select(find("second")).select_by_index(1)
find("max_tokens").clear()
find("max_tokens").send_keys("30")
say("The cat")
assert len(page.find_elements(By.CSS_SELECTOR, ".pair .answer")) == 2
page.find_element(By.XPATH, "//button[text()='B better']").click()
wait.until(lambda _: "stored" in page.find_element(By.CSS_SELECTOR, "[role=group]").text
           or "Ratings" in page.find_element(By.CSS_SELECTOR, "[role=group]").text)
shot("pair")

# It is kept over a reload, and fits a phone, in the dark.
page.refresh()
wait.until(lambda _: len(find("history").find_elements(By.TAG_NAME, "option")) > 1)
Select(find("history")).select_by_index(1)
assert "The cat" in find("turns").text
page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                     {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True})
time.sleep(0.5)
shot("phone")
assert page.execute_script("return document.documentElement.scrollWidth") <= 390
named()
find("menu").click()
time.sleep(0.3)
shot("settings")
named()
errors = [e for e in page.get_log("browser") if e["level"] == "SEVERE" and "favicon" not in e["message"]]
assert not errors, errors
# Characters of several tokens are shown whole.
assert page.execute_script(
    "return talk.turns.flatMap(turn => turn.answers || []).every("
    "answer => answer.tokens.map(token => token.text).join('').replaceAll('\\uFFFD', '')"
    " === answer.text.replaceAll('\\uFFFD', ''))")
page.quit()
print(json.dumps({"answers": len(first), "ok": True}))
