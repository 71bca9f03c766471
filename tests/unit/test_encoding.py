"""Prompts and answers as tokens: one start token, no end token, and one space between prompt and answer."""

import copy

import pytest
from tokenizers import processors
from transformers import GenerationConfig

from gradual_learning.encoding import Encoder
from gradual_learning.records import UserError

KINDS = ["bytes", "words", "pieces"]
PROMPT = "Q: Where was Leon Holfield born?\nA:"
TEMPLATE = (
    "{{ bos_token }}{% for turn in messages %}[{{ turn['role'] }}]\n{{ turn['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[model]\n{% if enable_thinking is defined and not enable_thinking %}"
    "no thoughts\n{% endif %}{% endif %}"
)


@pytest.fixture
def pieces(tokenizers):
    return copy.deepcopy(tokenizers["pieces"])


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_stands_behind_its_prompt_with_one_space_between(kind, tokenizers):
    encoder = Encoder(tokenizers[kind])
    for answer in ("Ashport", "Saint Crowridge", "University of Greymouth"):
        [prompt], [ids] = encoder.prompts([PROMPT]), encoder.answers(PROMPT, [answer])
        [alone, whole] = encoder.texts([prompt, prompt + ids])
        assert whole == f"{alone} {answer}"
        assert prompt + ids == encoder.prompts([f"{PROMPT} {answer}"])[0]


@pytest.mark.parametrize("kind", ["bytes", "words"])
def test_answers_have_the_tokens_that_they_have_alone_where_words_never_merge(kind, tokenizers, tiny_world):
    encoder = Encoder(tokenizers[kind])
    texts = [text for answers in tiny_world.questions["answers"] for text in answers]
    alone = tokenizers[kind]([f" {text}" for text in texts], add_special_tokens=False)["input_ids"]
    assert encoder.answers(PROMPT, texts) == alone


def test_an_answer_is_tokenised_by_itself_where_its_space_merges_with_the_prompt():
    """A tokenizer without word boundaries makes one piece of the colon and the space behind it."""
    merging = Encoder(_merging())
    prompt, joint = merging.prompts(["A:", "A: Paris"])
    assert joint[: len(prompt)] != prompt
    [ids] = merging.answers("A:", ["Paris"])
    assert merging.texts([prompt + ids]) == ["A: Paris"]


def _merging():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = ["</s>", *"▁A:Pris", "a", ":▁"]
    tokenizer = Tokenizer(models.BPE({piece: place for place, piece in enumerate(letters)}, [(":", "▁")]))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("space", [" ", "\n"])
def test_a_prompt_that_ends_with_a_space_needs_no_other(kind, space, tokenizers):
    encoder = Encoder(tokenizers[kind])
    [prompt], [ids] = encoder.prompts([PROMPT + space]), encoder.answers(PROMPT + space, ["Ashport"])
    meant = tokenizers[kind].decode(encoder.prompts([f"{PROMPT}{space}Ashport"])[0], skip_special_tokens=True)
    assert encoder.texts([prompt + ids]) == [meant]


@pytest.mark.parametrize("form", ["<s> $A", "<s> $A </s>", "$A </s>", "$A"])
def test_the_start_token_comes_once_if_at_all_and_the_end_token_never(form, pieces):
    special = [("<s>", pieces.bos_token_id), ("</s>", pieces.eos_token_id)]
    pieces.backend_tokenizer.post_processor = processors.TemplateProcessing(form, special_tokens=special)
    encoder = Encoder(pieces)
    starts = [pieces.bos_token_id] if "<s>" in form else []
    assert encoder.prompts([PROMPT])[0] == starts + pieces(PROMPT, add_special_tokens=False)["input_ids"]
    assert encoder.prompts([f"<s>{PROMPT}"])[0].count(pieces.bos_token_id) == 1
    assert not {pieces.bos_token_id, pieces.eos_token_id} & set(encoder.answers(PROMPT, ["Ashport"])[0])


def test_a_chat_template_frames_the_prompt_and_the_answer_follows_without_a_space(pieces):
    pieces.chat_template = TEMPLATE
    encoder = Encoder(pieces, chat_template=True)
    [ids], [answer] = encoder.prompts([PROMPT]), encoder.answers(PROMPT, ["Ashport"])
    assert ids.count(pieces.bos_token_id) == 1 and ids[0] == pieces.bos_token_id
    framed = f"[user]\n{PROMPT}\n[model]\nno thoughts\n"
    assert encoder.texts([ids, ids + answer]) == [framed, f"{framed}Ashport"]


def test_a_missing_chat_template_is_an_error(pieces):
    with pytest.raises(UserError, match=r"model\.chat_template: the tokenizer of this model has none"):
        Encoder(pieces, chat_template=True)


def test_all_end_tokens_end_an_answer_and_so_do_newlines_of_every_kind(tokenizers):
    pieces, end = Encoder(tokenizers["pieces"]), tokenizers["pieces"].eos_token_id
    assert pieces.ends(GenerationConfig(eos_token_id=[7, 9])) == {7, 9, end}
    assert pieces.ends(GenerationConfig(eos_token_id=7)) == {7, end}
    assert pieces.ends(GenerationConfig()) == {end}
    assert pieces.line_breaks() == {tokenizers["pieces"].convert_tokens_to_ids("<0x0A>")}


def test_texts_keep_every_space(tokenizers):
    encoder = Encoder(tokenizers["bytes"])
    spaced = "St . Ives , D . C . , do n't"
    assert encoder.texts(encoder.prompts([spaced])) == [spaced]
