"""Tables of results with their uncertainty: accuracy, comparisons, forgetting, knowledge gained, cost and more."""
