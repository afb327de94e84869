"""Tokenised features: token ids and where the entities are in them.

``entity_positions`` is (rows, 2, 4): axis 1 is subject and object; axis 2 is the opening marker's
token, the entity's first token, the token after its last one, and the closing marker's token. A
form without markers has the entity's first and last token in their place. Padding is on the right.
"""
