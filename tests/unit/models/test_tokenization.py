"""Encoding prompts and answers: one start token, no end token, one space between prompt and answer."""

import copy

import pytest
from tokenizers import processors
from transformers import GenerationConfig

from gradual_learning.jobs.errors import UserError
from gradual_learning.models.tokenization import Encoder

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
def test_an_answer_follows_its_prompt_after_one_space(kind, tokenizers):
    encoder = Encoder(tokenizers[kind])
    for answer in ("Ashport", "Saint Crowridge", "University of Greymouth"):
        [prompt], [ids] = encoder.encode_prompts([PROMPT]), encoder.encode_answers(PROMPT, [answer])
        [alone, whole] = encoder.decode([prompt, prompt + ids])
        assert whole == f"{alone} {answer}"
        assert prompt + ids == encoder.encode_prompts([f"{PROMPT} {answer}"])[0]


@pytest.mark.parametrize("kind", ["bytes", "words"])
def test_answers_have_the_same_tokens_alone_where_no_token_spans_words(kind, tokenizers, tiny_world):
    encoder = Encoder(tokenizers[kind])
    texts = [text for answers in tiny_world.questions["answers"] for text in answers]
    alone = tokenizers[kind]([f" {text}" for text in texts], add_special_tokens=False)["input_ids"]
    assert encoder.encode_answers(PROMPT, texts) == alone


def test_an_answer_is_tokenized_alone_where_a_token_spans_prompt_and_answer():
    """A tokenizer without word boundaries merges the colon and the space after it into one token."""
    merging = Encoder(_merging())
    prompt, joint = merging.encode_prompts(["A:", "A: Paris"])
    assert joint[: len(prompt)] != prompt
    [ids] = merging.encode_answers("A:", ["Paris"])
    assert merging.decode([prompt + ids]) == ["A: Paris"]


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
def test_a_prompt_that_ends_with_white_space_gets_no_further_space(kind, space, tokenizers):
    encoder = Encoder(tokenizers[kind])
    [prompt], [ids] = encoder.encode_prompts([PROMPT + space]), encoder.encode_answers(PROMPT + space, ["Ashport"])
    expected = tokenizers[kind].decode(encoder.encode_prompts([f"{PROMPT}{space}Ashport"])[0], skip_special_tokens=True)
    assert encoder.decode([prompt + ids]) == [expected]


@pytest.mark.parametrize("form", ["<s> $A", "<s> $A </s>", "$A </s>", "$A"])
def test_a_prompt_has_at_most_one_start_token_and_no_end_token(form, pieces):
    special = [("<s>", pieces.bos_token_id), ("</s>", pieces.eos_token_id)]
    pieces.backend_tokenizer.post_processor = processors.TemplateProcessing(form, special_tokens=special)
    encoder = Encoder(pieces)
    starts = [pieces.bos_token_id] if "<s>" in form else []
    assert encoder.encode_prompts([PROMPT])[0] == starts + pieces(PROMPT, add_special_tokens=False)["input_ids"]
    assert encoder.encode_prompts([f"<s>{PROMPT}"])[0].count(pieces.bos_token_id) == len(starts)
    assert not {pieces.bos_token_id, pieces.eos_token_id} & set(encoder.encode_answers(PROMPT, ["Ashport"])[0])


def test_a_chat_template_wraps_the_prompt_and_the_answer_follows_without_a_space(pieces):
    pieces.chat_template = TEMPLATE
    encoder = Encoder(pieces, chat_template=True)
    [ids], [answer] = encoder.encode_prompts([PROMPT]), encoder.encode_answers(PROMPT, ["Ashport"])
    assert ids.count(pieces.bos_token_id) == 1 and ids[0] == pieces.bos_token_id
    wrapped = f"[user]\n{PROMPT}\n[model]\nno thoughts\n"
    assert encoder.decode([ids, ids + answer]) == [wrapped, f"{wrapped}Ashport"]


def test_a_missing_chat_template_is_an_error(pieces):
    with pytest.raises(UserError, match=r"model\.chat_template: the tokenizer of this model has none"):
        Encoder(pieces, chat_template=True)


def test_all_end_tokens_and_all_tokens_with_a_line_break_end_an_answer(tokenizers):
    pieces, end = Encoder(tokenizers["pieces"]), tokenizers["pieces"].eos_token_id
    assert pieces.end_tokens(GenerationConfig(eos_token_id=[7, 9])) == {7, 9, end}
    assert pieces.end_tokens(GenerationConfig(eos_token_id=7)) == {7, end}
    assert pieces.end_tokens(GenerationConfig()) == {end}
    assert pieces.line_break_tokens() == {tokenizers["pieces"].convert_tokens_to_ids("<0x0A>")}


def test_decoding_keeps_every_space(tokenizers):
    encoder = Encoder(tokenizers["bytes"])
    spaced = "St . Ives , D . C . , do n't"
    assert encoder.decode(encoder.encode_prompts([spaced])) == [spaced]
