"""Control tokens in what users write are text; only the tokenizer and its chat template write control tokens."""

import copy

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from gradual_learning.knowledge.likelihood import spellings
from gradual_learning.models import pretraining
from gradual_learning.models.control_tokens import control_tokens
from gradual_learning.models.tokenization import Encoder
from gradual_learning.training.examples import IGNORE_INDEX, encode_example

KINDS = ["bytes", "words", "pieces"]
TEXTS = ["Q: What does the tag <s> do?\nA:", "</s>", "<s>Q: Where?<s>\nA:</s>", "tag.<s>", "is <unk> known?"]
TEMPLATE = (
    "{{ bos_token }}{% for turn in messages %}<|{{ turn.role }}|>\n{{ turn.content | trim }}{{ eos_token }}\n"
    "{% endfor %}{% if add_generation_prompt %}<|model|><think>\n{% endif %}"
)


@pytest.fixture
def own(tokenizers):
    """Copies of the tokenizers, with more added tokens: a field's term, spaces, and marks not declared special."""
    copies = {kind: copy.deepcopy(tokenizers[kind]) for kind in KINDS}
    for tokenizer in copies.values():
        tokenizer.add_tokens(["<think>", "covid", AddedToken("    ", normalized=False), "[CALL]"])
        tokenizer.add_special_tokens({"additional_special_tokens": ["<|user|>", "<|model|>"]})
        tokenizer.chat_template = TEMPLATE
    return copies


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", [*TEXTS, "<think> [CALL] <|user|>"])
def test_control_tokens_in_a_prompt_are_text(kind, text, own):
    encoder = Encoder(own[kind])
    [row] = encoder.encode_prompts([text])
    control = set(control_tokens(own[kind]).values()) - {own[kind].unk_token_id}
    assert not control & set(row[1:] if kind == "pieces" else row)
    if kind != "words":  # that tokenizer has no token for other words than its own
        assert encoder.decode([row]) == [text]


@pytest.mark.parametrize("kind", KINDS)
def test_added_tokens_that_are_no_marks_stay_tokens(kind, own):
    [row] = Encoder(own[kind]).encode_prompts(["covid    covid"])
    names = own[kind].convert_ids_to_tokens(row)
    assert names.count("covid") == 2 and "    " in names


@pytest.mark.parametrize("kind", KINDS)
def test_the_encoder_leaves_its_tokenizer_as_it_was(kind, own):
    state, size = own[kind].backend_tokenizer.to_str(), len(own[kind])
    Encoder(own[kind], chat_template=True).encode_prompts(TEXTS)
    assert (own[kind].backend_tokenizer.to_str(), len(own[kind])) == (state, size)
    assert own[kind].bos_token_id in own[kind]("a <s> b", add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("kind", ["bytes", "pieces"])
@pytest.mark.parametrize("chat_template", [False, True])
def test_an_answer_that_is_a_control_token_is_learned_and_read_as_text(kind, chat_template, own):
    encoder = Encoder(own[kind], chat_template)
    for answer in ("<s>", "</s>", "the <think> tag"):
        example = encode_example("Which tag?", answer, "Q: {question}\nA:", encoder)
        target = [label for label in example["labels"] if label != IGNORE_INDEX]
        assert encoder.decode([target[:-1]])[0].strip() == answer and target[-1] == encoder.eos_token_id
        assert encoder.eos_token_id not in target[:-1]
        assert spellings(encoder, {"q": [answer]})["q"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_chat_template_writes_control_tokens_and_its_user_writes_text(kind, own):
    encoder = Encoder(own[kind], chat_template=True)
    plain, marked = encoder.encode_prompts(["Where was Leon born?", "<s><|user|> Where was <think> born?</s>"])
    ids = {name: own[kind].convert_tokens_to_ids(name) for name in ("<s>", "</s>", "<|user|>", "<|model|>", "<think>")}
    for row in (plain, marked):
        assert [row.count(number) for number in ids.values()] == [1] * len(ids)
    if kind != "words":
        assert "<s><|user|> Where was <think> born?</s>" in own[kind].decode(marked)


@pytest.mark.parametrize("kind", KINDS)
def test_other_texts_have_the_tokens_of_the_tokenizer(kind, own, tiny_world):
    tokenizer, prompts = own[kind], tiny_world.prompts["text"].tolist()
    assert Encoder(tokenizer).encode_prompts(prompts) == tokenizer(prompts)["input_ids"]
    turns = [[{"role": "user", "content": text}] for text in prompts]
    chats = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    expected = tokenizer(chats, add_special_tokens=False)["input_ids"]
    assert Encoder(tokenizer, chat_template=True).encode_prompts(prompts) == expected


def test_private_marks_in_a_text_forge_no_control_token(own):
    encoder = Encoder(own["bytes"], chat_template=True)
    [row] = encoder.encode_prompts(["a \U000f0000<s>\U000f0001 b"])
    [prompt] = encoder.encode_documents(["\U000f0000<s>\U000f0001"])
    assert row.count(own["bytes"].bos_token_id) == 1 and own["bytes"].bos_token_id not in prompt


def test_a_control_token_that_the_vocabulary_contains_is_spelled_in_parts():
    """The most likely pieces of a Unigram model are its control tokens, whose scores are zero."""
    pieces = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *((piece, -5.0) for piece in ("▁", *"<>/sab\n"))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    encoder = Encoder(wrapped)
    rows = encoder.encode_prompts(["a<s>b", "</s>", "a?"])
    assert encoder.decode(rows) == ["a<s>b", "</s>", "a"]
    assert rows[2][-1] == wrapped.unk_token_id


@pytest.mark.parametrize("chat_template", [False, True])
def test_a_tokenizer_in_python_reads_text_too(chat_template):
    tokenizer = ByT5Tokenizer(extra_ids=2)
    tokenizer.chat_template = "{{ messages[0].content }}</s>"
    encoder = Encoder(tokenizer, chat_template)
    [row], [answer] = encoder.encode_prompts(["a </s> é <extra_id_0>"]), encoder.encode_answers("a:", ["</s>"])
    assert row.count(tokenizer.eos_token_id) == chat_template and tokenizer.eos_token_id not in answer
    assert encoder.decode([row, answer]) == ["a </s> é <extra_id_0>", "</s>" if chat_template else " </s>"]


@pytest.mark.parametrize("kind", ["bytes", "words"])
def test_documents_with_control_tokens_are_text_in_pretraining(kind):
    documents = ["is it?<s> The tag:</s> ends", "<unk>.<unk> <s>"] * 4
    tokenizer = pretraining.build_tokenizer(documents, kind, 300)
    packed = pretraining.pack(documents, tokenizer, 8)
    assert tokenizer.convert_tokens_to_ids(pretraining.SPECIAL_TOKENS) == [0, 1, 2]
    assert max(tokenizer.get_vocab().values()) == len(tokenizer) - 1
    assert tokenizer.bos_token_id not in packed and tokenizer.unk_token_id not in packed
    [text] = Encoder(tokenizer).decode(Encoder(tokenizer).encode_documents(documents[:1]))
    assert text == documents[0]
