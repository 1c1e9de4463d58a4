"""AX-g: does entailment depend on a pronoun's gender? (paper, section 3.2 and appendix D.8).

Steps: settings -> subject pairs -> four sentences per pair, which are two instance seeds -> one
hypothesis for each seed and label. The meta-prompt then judges each premise on its own. Agrees with
the paper / differs:

- the four steps and their inputs agree: singular subject pairs in a setting, and one opening
  clause. The four sentences are (refers to subject 1, subject 2) x (two gendered pronouns),
  identical except for the pronoun within a pair. A hypothesis names the referent and is free of
  gendered pronouns;
- one hypothesis and one label serve both rows of a pair, as in the original data. The paper does
  not say so;
- not_entailment is the entailed hypothesis with the other subject in the referent's place, as
  mostly in the original data. So only coreference decides. Label, subject meant and order of the
  pronouns are crossed. The paper's, a sentence that is false of the right person, can be solved
  without a look at the pronoun: it is the variant `paper`;
- a pair whose two premises are judged differently is rejected as
  `pronoun-dependent`. The paper corrects each row on its own;
- three pairs per setting, not ten, and each two sentences are for one label, so that no premise has
  both. The dealings of the two people, and the form of their sentences, are drawn. They are the
  same for both sentences, which have different labels;
- subjects do not indicate gender (no "waitress"), so that both pronouns fit;
- the worked examples are ours: the paper's are near copies of original rows.
"""

from __future__ import annotations
