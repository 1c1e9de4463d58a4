"""RTE: recognising textual entailment (paper, section 3.2 and appendix D.4).

Steps: topics -> premises (the instance seeds) -> a hypothesis for each label
-> the meta-prompt. Agrees with the paper / differs:

- the four steps, their inputs, and the label semantics agree;
- a premise is a text of one to six sentences. Code draws its length, its register and a country.
  The paper's "complex sentences" come out alike;
- a hypothesis that does not follow is of two kinds, *open* and *contradicted*, three to one as in
  the original (dimension `kind`). The paper's one prompt asks for an "unsound" hypothesis, which
  models answer only with contradictions, so that a clash gives the label away;
- a hypothesis comes after its basis, a sentence that it follows from. That is in the premise, or in
  another version of the premise (one fact changed, or one thing added). So hypotheses that do not
  follow are written like those that do, and their wording does not reveal the label. The paper's
  two prompts, for a sound and an unsound hypothesis in whatever form, are the variant `paper`;
- both labels are requested in the same form (subject matter, wording, length, affirmative), drawn
  alike;
- the judge's prompt states which everyday knowledge counts, and the value of reports;
- the paper gives no counts for steps 1 and 2. We use 10 topics and 2 premises per batch, and more
  until the quota is met. Two premises of a topic are more alike than others;
- the worked examples are ours: the paper's is a row of the original data.
"""

from __future__ import annotations
