"""Chat templates: the same prompt on any day, and one clear message for a template that does not work."""

import copy
import time

import pytest

from gradual_learning.jobs.errors import UserError
from gradual_learning.models.chat_template import ChatTemplate
from gradual_learning.models.tokenization import Encoder

DATED = "Today is {{ strftime_now('%d %B %Y, %H:%M') }}.\n{{ messages[0].content }}"


@pytest.fixture
def tokenizer(tokenizers):
    return copy.deepcopy(tokenizers["bytes"])


def test_a_template_that_writes_the_date_writes_the_same_one_every_day(tokenizer):
    tokenizer.chat_template = DATED
    today = tokenizer.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False)
    assert time.strftime("%Y") in today  # the template itself reads the clock
    assert ChatTemplate(tokenizer).render("x") == "Today is 26 July 2024, 00:00.\nx"
    [row] = Encoder(tokenizer, chat_template=True).encode_prompts(["x"])
    assert Encoder(tokenizer).decode([row]) == ["Today is 26 July 2024, 00:00.\nx"]


def test_a_template_without_a_date_renders_as_in_transformers(tokenizer):
    tokenizer.chat_template = (
        "{% if tools is not none or documents is not none %}no{% endif %}"
        "{{ bos_token }}{{ messages[0].content | trim }}"
        "{% if add_generation_prompt %} [{{ enable_thinking }}]{% endif %}"
    )
    turns = [{"role": "user", "content": " {a}<b> "}]
    options = {"add_generation_prompt": True, "enable_thinking": False}
    template = ChatTemplate(tokenizer)
    assert template.render(" {a}<b> ") == tokenizer.apply_chat_template(turns, tokenize=False, **options)
    assert template.frame == "<s>{text} [False]"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ raise_exception('System role needed') }}", "fails for a single user turn (System role needed)"),
        ("{{ messages[0].content[0].text.x.y }}", "fails for a single user turn"),
        ("{% if %}", "fails for a single user turn"),
        ("{{ 1 / 0 }}", "fails for a single user turn (division by zero)"),
        ("Hello{% if messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}", "omits the text"),
        (None, "has none"),
    ],
)
def test_a_template_that_does_not_work_is_rejected(template, words, tokenizer):
    tokenizer.chat_template = template
    with pytest.raises(UserError, match=r"^model\.chat_template: .*[Ss]et it to false") as caught:
        Encoder(tokenizer, chat_template=True)
    assert words in str(caught.value)
    Encoder(tokenizer)


def test_a_template_that_fails_for_one_text_is_reported(tokenizer):
    tokenizer.chat_template = (
        "{% if 'treasure' in messages[0].content %}{{ raise_exception('no pirates') }}{% endif %}"
        "{{ messages[0].content }}"
    )
    encoder = Encoder(tokenizer, chat_template=True)
    with pytest.raises(UserError, match="no pirates"):
        encoder.encode_prompts(["Where is the treasure?"])
