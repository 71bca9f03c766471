"""The example of a model card: Python code that loads the exported model and answers a question."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

MERGED = """\
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = {folder}  # the folder of this card
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder)
"""
ADAPTER = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

folder = {folder}  # the folder of this card
tokenizer = AutoTokenizer.from_pretrained(folder)
base = AutoModelForCausalLM.from_pretrained({base})
model = PeftModel.from_pretrained(base, folder)
model.generation_config = GenerationConfig.from_pretrained(folder)
"""
ANSWER = """

def answer(question):
    prompt = {prompt}.replace("{{question}}", question)
{encode}
    output = model.generate(**inputs, max_new_tokens={max_new_tokens})
    text = tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return text.split("\\n")[0].strip()


print(answer({question}))
"""
PLAIN = """\
    inputs = tokenizer(prompt, return_tensors="pt", split_special_tokens=True)"""
CHAT = """\
    turns = [{"role": "user", "content": prompt}]
    options = {"add_generation_prompt": True, "enable_thinking": False, "sanitize_control_tokens": True}
    inputs = tokenizer.apply_chat_template(turns, return_dict=True, return_tensors="pt", **options)"""
LOCAL_BASE = """\
The base model is not on a hub. Take the folder `results/model` of the run along, and pass its path where the example
has `"model"`.
"""


@dataclass(frozen=True)
class Prompting:
    """How a question becomes a prompt, and how long its answer may be.

    Attributes:
        template: the prompt, with ``{question}`` in it.
        chat_template: whether it is put into a user turn of the chat template.
        max_new_tokens: maximum length of an answer in tokens.
    """

    template: str
    chat_template: bool
    max_new_tokens: int


def loading(export_format: str, folder: str, origin: Mapping[str, str], prompting: Prompting, question: str) -> str:
    """Write in Markdown how to load an exported model and how to answer a question with it.

    Args:
        export_format: merged or adapter.
        folder: name of the folder of the model.
        origin: name and commit of the base model on the hub; empty where it is not there.
        prompting: how the model was prompted.
        question: of the example.
    """
    is_adapter = export_format == "adapter"
    base = f"{_literal(origin['name'])}, revision={_literal(origin['commit'])}" if origin else _literal("model")
    code = (ADAPTER if is_adapter else MERGED).format(folder=_literal(folder), base=base)
    code += ANSWER.format(
        prompt=_literal(prompting.template),
        encode=CHAT if prompting.chat_template else PLAIN,
        max_new_tokens=prompting.max_new_tokens,
        question=_literal(question),
    )
    packages = ["transformers", *(["peft"] if is_adapter else [])]
    used = " and ".join(f"{name} {version(name)}" for name in packages)
    note = f"{LOCAL_BASE}\n" if is_adapter and not origin else ""
    return f"{note}Written with {used}:\n\n```python\n{code}```"


def _literal(text: str) -> str:
    """Write a text as a literal of Python, in double quotes."""
    return json.dumps(text, ensure_ascii=False)
