"""COPA: choice of plausible alternatives (paper, section 3.2 and appendix D.1).

Steps: settings -> events (the instance seeds) -> a likely and an unlikely
cause or result -> the meta-prompt. Agrees with the paper / differs:

- the four steps, their inputs, and the label semantics agree. The question is `cause` or `effect`,
  as in section 3.2 and the official data (the appendix says "result");
- the formula in the appendix repeats C2 in its second conditions. We read it as the text around it:
  the other choice is not the cause or the result;
- the reply tells the two choices apart by field, and code puts the likely one
  where the label says. The paper's worked examples and its released rows have
  it first throughout;
- cause and effect come in equal shares *within each label*, so that the question does not reveal
  the label. A seed asks for the cause under one label and for the result under the other;
- the unlikely choice is the right one for another event of the same people. The writer names that
  event first, and code draws its kind. The choice is about as long as the likely one and about the
  same person or thing. The paper's example ("My mother bought a new car") can be solved by its
  topic. That construction is the variant `paper`;
- code also draws what events are about and their length, and the length and the subject of choices.
  So rows differ as people's do;
- "What was the CAUSE of this?" is added when a row is rendered for step 4 or for instruction
  tuning, never to the official premise;
- the paper gives no counts for steps 1 and 2: 10 settings and 5 events a
  batch, grown until the quota is met;
- the worked examples are ours: the paper's are rows of the original data.
"""

from __future__ import annotations
