"""From answers and categories to tables: accuracy, forgetting, knowledge gained, with their uncertainty."""
