"""From files that people write to checked examples with folds."""
