"""The report of a run in a real browser: headless Chromium from Debian's packages."""

from collections.abc import Iterator
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.expected_conditions import element_to_be_clickable
from selenium.webdriver.support.ui import WebDriverWait

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1500,1000"]
SECONDS = 60  # for a page to load
MENU = "//nav//a[span[starts-with(translate(., '123456789', '000000000'), '0 ')]]"  # categories begin with a number
ROWS = "//nav//tbody/tr"

IS_LOADED = """
const images = [...document.images];
return document.readyState === 'complete' && !!document.querySelector('h1') && images.every(image => image.complete);
"""
STANDS_STILL = "return document.getAnimations().every(animation => animation.playState !== 'running')"
CONTENT = """
return {
  title: document.querySelector('h1').textContent,
  images: [...document.images].map(image => ({width: image.naturalWidth, text: image.alt})),
  tables: document.querySelectorAll('table').length,
  text: document.body.innerText,
  injected: window.injected ?? null,
  foreign: [...document.images].filter(image => !image.src.startsWith('data:')).length,
  overflows: document.documentElement.scrollWidth > document.documentElement.clientWidth,
};
"""


def open_report(browser: WebDriver, address: str) -> None:
    """Open a report, and wait until its menu is there."""
    browser.get(address)
    wait(browser).until(lambda driver: driver.find_elements(By.XPATH, MENU))


def wait(browser: WebDriver) -> WebDriverWait:
    return WebDriverWait(browser, SECONDS, poll_frequency=0.05)


def click(browser: WebDriver, xpath: str) -> None:
    """Click an element with the mouse, as soon as it stands still and nothing covers it."""
    wait(browser).until(lambda driver: driver.execute_script(STANDS_STILL))
    wait(browser).until(element_to_be_clickable((By.XPATH, xpath))).click()


def read_page(browser: WebDriver) -> dict[str, Any]:
    """Return the content of the page that the report shows."""
    browser.switch_to.frame(wait(browser).until(lambda it: it.find_element(By.TAG_NAME, "iframe")))
    wait(browser).until(lambda driver: driver.execute_script(IS_LOADED))
    content = browser.execute_script(CONTENT)
    browser.switch_to.default_content()
    return content


def open_categories(browser: WebDriver) -> Iterator[str]:
    """Click on each category in turn, and on the way back after it was used."""
    for name in [item.text for item in browser.find_elements(By.XPATH, MENU)]:
        click(browser, f"{MENU}[span='{name}']")
        yield name
        click(browser, "//nav//ol//a[.='Results']")


def row(number: int) -> str:
    return f"({ROWS})[{number}]"


def open_entry(browser: WebDriver, category: str, title: str) -> dict[str, Any]:
    """Click on a category and on the button that shows an entry; return the content of the page."""
    click(browser, f"{MENU}[span='{category}']")
    click(browser, f"{ROWS}[td[1]='{title}']//td[last()]//a[1]")
    return read_page(browser)


def errors(browser: WebDriver) -> list[str]:
    return [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]
