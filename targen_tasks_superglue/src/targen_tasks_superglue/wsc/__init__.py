"""WSC: whom does a pronoun mean? (paper, section 3.2 and appendix D.5).

Steps: settings -> subject pairs, each with a pronoun (the instance seeds) ->
two passages for each label, their pronouns marked -> the meta-prompt. Agrees
with the paper / differs:

- the four steps, their inputs, and the label semantics agree. They are pairs in a setting, two
  passages of at most two sentences, and every pronoun marked with whom it means. A pronoun is
  drawn, and the asked phrase decides the label. Line 4 of the paper's formula is a misprint (N1 <->
  P is meant);
- which phrase is named first and whom the pronoun means are crossed with the
  label. The paper leaves them to the model, which often means the subject of the sentence. Then
  "the phrase that comes first" would be true more often. Its construction is the variant `paper`:
  two passages without a rule of order, each for itself, one of its pronouns drawn whomever it
  means;
- pairs are first names, people, groups or things, as in the original data; the
  paper's are people and groups. Code draws what a pair is and its pronouns, and also names. A
  setting has five pairs, not ten;
- code draws the form of each passage: length, sentences, place of the pronoun, what its sense turns
  on. If asked the same thing each time, a model writes "The A asked the B, because he had". Labels
  share the draws. The variant has none;
- people do not indicate gender: a drawn "she" cannot mean a widower;
- the drawn pronoun comes after both phrases and is not reflexive, since otherwise grammar would
  settle it;
- the worked examples are ours: the paper's is a row of the original data.
"""

from __future__ import annotations
