"""Write the test questions, with the prompts and the answer rule of the run, as tasks of lm-evaluation-harness."""

from gradual_learning.data import subsets
from gradual_learning.export import lm_eval
from gradual_learning.jobs import script
from gradual_learning.jobs.atomic_files import atomic_folder
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import PROMPTS, QUESTIONS

FEW_SHOT_SPLITS = ("test", "heldout")


def main(
    questions_file: str,
    prompts_file: str,
    output: str,
    prompt: str,
    max_new_tokens: int,
    heldout_questions: int,
    seed: int,
    matcher: AnswerMatcher,
) -> None:
    """Write the folder of the tasks; ``prompt``: that of fine-tuning; ``seed``: of the held-out questions."""
    questions, prompts = read_table(questions_file, QUESTIONS), read_table(prompts_file, PROMPTS)
    splits = {split: subsets.choose_questions(questions, split, heldout_questions, seed) for split in FEW_SHOT_SPLITS}
    labeling = prompts[prompts["draw"] == 0]
    tasks = {f"gradual_learning_{name}_few_shot": lm_eval.few_shot(part, labeling) for name, part in splits.items()}
    tasks["gradual_learning_test_zero_shot"] = lm_eval.zero_shot(splits["test"], prompt)
    with atomic_folder(output) as folder:
        lm_eval.write_judge(matcher, folder)
        for name, rows in tasks.items():
            lm_eval.write_task(name, rows, max_new_tokens, folder)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            questions_file=snakemake.input.questions,
            prompts_file=snakemake.input.prompts,
            output=snakemake.output.tasks,
            prompt=params["prompt"],
            max_new_tokens=params["max_new_tokens"],
            heldout_questions=params["heldout_questions"],
            seed=params["seed"],
            matcher=AnswerMatcher(params["answer_match"], params["f1_threshold"]),
        )
