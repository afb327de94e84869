"""Where the predictions go wrong: tables of a model's errors, by relation, by slice, by row."""
