"""A model is data: nothing in its folder runs, whatever it is called, and no template runs without end."""

import json
import pickle
import shutil
from pathlib import Path

import pytest

from gradual_learning.jobs.errors import UserError
from gradual_learning.models import chat_template, files
from gradual_learning.models.loading import load_model, load_tokenizer, read_config
from gradual_learning.models.tokenization import Encoder

CODE = """
from pathlib import Path

Path(__file__).with_name("was_run").touch()
raise SystemExit
"""
AUTO_MAP = {
    "AutoConfig": "evil.Config",
    "AutoModelForCausalLM": "evil.Model",
    "AutoTokenizer": ["evil.Tokenizer", "evil.Tokenizer"],
}


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def folder(tiny_model, tmp_path):
    """A model folder with a module that no one may import."""
    copy = shutil.copytree(tiny_model, tmp_path / "model")
    (copy / "evil.py").write_text(CODE)
    yield copy
    assert not list(tmp_path.rglob("was_run"))


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_pickle_with_the_name_of_safetensors_is_refused(folder):
    (folder / files.WEIGHTS).write_bytes(pickle.dumps(Evil(folder / "was_run")))
    with pytest.raises(UserError, match=r"model\.safetensors: not a complete safetensors file"):
        files.count_parameters(folder, [files.WEIGHTS])


def test_code_that_the_configuration_names_is_not_imported(folder):
    change(folder / "config.json", auto_map=AUTO_MAP)
    assert type(load_model(folder)).__module__.startswith("transformers.")


def test_code_that_a_configuration_needs_is_refused(folder):
    change(folder / "config.json", auto_map=AUTO_MAP, model_type="evil")
    with pytest.raises(UserError, match="needs remote code"):
        read_config(folder)


@pytest.mark.parametrize("name", ["PreTrainedTokenizerFast", "EvilTokenizer"])
def test_code_that_the_tokenizer_names_is_not_imported(folder, name):
    change(folder / "tokenizer_config.json", auto_map=AUTO_MAP, tokenizer_class=name)
    change(folder / "config.json", auto_map=AUTO_MAP)
    try:
        tokenizer = load_tokenizer(folder)
    except UserError as error:
        assert "without remote code" in str(error)
    else:
        assert type(tokenizer).__module__.startswith("transformers.")


LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


def test_a_template_without_end_is_stopped(folder, monkeypatch):
    monkeypatch.setattr(chat_template, "_SECONDS", 0.2)
    tokenizer = load_tokenizer(folder)
    tokenizer.chat_template = LOOP
    with pytest.raises(UserError, match=r"model\.chat_template.* takes more than"):
        Encoder(tokenizer, chat_template=True).encode_prompts(["Who?"])


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__.os.system('touch was_run') }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
    ],
)
def test_a_template_reads_no_attributes_and_no_files(folder, template):
    tokenizer = load_tokenizer(folder)
    tokenizer.chat_template = template
    try:
        [ids] = Encoder(tokenizer, chat_template=True).encode_prompts(["Who?"])
    except Exception as error:  # which one depends on the sandbox
        assert type(error).__name__ in ("SecurityError", "UndefinedError", "UserError", "TypeError", "TemplateNotFound")
    else:
        assert "root:" not in tokenizer.decode(ids) and "class" not in tokenizer.decode(ids)
