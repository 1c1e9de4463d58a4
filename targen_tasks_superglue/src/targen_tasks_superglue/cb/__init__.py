"""CB: CommitmentBank (paper, section 3.2 and appendices A.1 and D.2).

Steps: settings -> no seeds -> several pairs a call for each label -> the
meta-prompt. Agrees with the paper / differs:

- the steps, their inputs, and the label semantics agree; there is no
  step 2, and a call gives N pairs. N is 5 here: the paper names none. Once the list of settings is
  finished, a setting is drawn again, up to 20 times. The prompt then lists the premises that it
  gave before;
- *neutral* is about the same people and events, with its truth left open: that is what steps 4 and
  appendix E say. The prompt in D.2 asks for a sentence that "has no relation", which a reader can
  tell by its words. (The formula wants neither the hypothesis nor its negation to follow; it prints
  the first half only.)
- the labels are requested in one form, so that form does not reveal the label. That is length,
  affirmative wording, and words taken over from the premise. The paper's three prompts, without
  rules of form and with unrelated neutral pairs, are the variant `paper`;
- code draws register, length and a word for each pair, the same for all labels of a setting. So no
  two calls ask the same, and no draw reveals the label;
- the paper's pairs are two plain sentences, and the original's are clauses under an operator. The
  variant `commitment` makes those, with the original's shares of operators, verbs, registers and
  lengths. It has instructions, samples and a tuning text of its own;
- the judge's prompt says which everyday knowledge counts, and whose word does;
- the appendix's example of an entailment is wrong (a nervous singer need not have seen critics),
  and ours are right;
- appendix A.1 calls three wordings of the instructions step-3 prompts. The variants `wording-1` to
  `wording-3` ask for pairs with them, so that the data are made again. `instructions-2` and
  `instructions-3` change step 4 (and instruction tuning);
- the worked examples are ours: one of the paper's is nearly a row of the
  original data.
"""

from __future__ import annotations
