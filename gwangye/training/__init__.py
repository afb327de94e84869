"""Training: arguments, batches, the Trainer, and one function that trains a variant."""
