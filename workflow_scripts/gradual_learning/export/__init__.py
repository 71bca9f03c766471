"""What a run hands over to other programs: models with their cards, the labels of all questions, tasks for lm-eval."""
