"""Prompts as a user turn of the chat template of a model, the same on any day."""

from datetime import UTC, datetime

from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import _cached_compile_jinja_template as compile_template

from gradual_learning.jobs.errors import UserError, in_one_line
from gradual_learning.jobs.time_limit import time_limit

# the date in templates that write today's: the one that those of Llama 3 write where there is no clock
TODAY = datetime(2024, 7, 26, tzinfo=UTC)
PLACEHOLDER = "{text}"
_SECONDS = 10.0  # for one prompt, which takes a template less than a millisecond
_ENDLESS = (
    f"model.chat_template: the chat template of this model takes more than {_SECONDS:g} seconds for one prompt. Set it "
    "to false, or correct the template (chat_template.jinja or tokenizer_config.json)."
)


class ChatTemplate:
    """The chat template of a tokenizer.

    Attributes:
        frame: what the template writes around the text of a user, with :data:`PLACEHOLDER` in its place.

    Raises:
        UserError: the tokenizer has no chat template, or one that fails or omits the text.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        if not tokenizer.chat_template:
            raise UserError("model.chat_template: the tokenizer of this model has none; set it to false.")
        try:
            self._template = compile_template(tokenizer.get_chat_template())
        except Exception as error:  # a template is a program
            raise UserError(_failure(error)) from error
        self._template.globals["strftime_now"] = TODAY.strftime  # the only function with access to the clock
        self._special_tokens = tokenizer.special_tokens_map
        self.frame = self.render(PLACEHOLDER)
        if PLACEHOLDER not in self.frame:
            raise UserError(
                "model.chat_template: the chat template of this model omits the text of the user. Set it to false, or "
                "correct the template (chat_template.jinja or tokenizer_config.json)."
            )

    def render(self, text: str) -> str:
        """Return the text as a single user turn, up to where the answer begins.

        Raises:
            UserError: the template fails, or does not end.
        """
        try:
            with time_limit(_SECONDS, UserError(_ENDLESS)):
                return self._template.render(
                    messages=[{"role": "user", "content": text}],
                    tools=None,
                    documents=None,
                    add_generation_prompt=True,
                    enable_thinking=False,  # templates with this option (Qwen3) prompt for an answer without thoughts
                    **self._special_tokens,
                )
        except UserError:
            raise
        except Exception as error:  # a template is a program
            raise UserError(_failure(error)) from error


def _failure(error: Exception) -> str:
    return (
        f"model.chat_template: the chat template of this model fails for a single user turn ({in_one_line(error)}). "
        "Set it to false, or correct the template (chat_template.jinja or tokenizer_config.json)."
    )
