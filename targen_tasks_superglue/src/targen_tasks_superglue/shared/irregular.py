"""Irregular English verbs and nouns: the forms that no spelling rule gives."""

from __future__ import annotations

from typing import Final

# The word, then every form that replaces the regular -ed (verbs) or -s (nouns). If the regular form
# is also in use, it is in the line.
_VERBS = """
abide abode abided
arise arose arisen
awake awoke awoken awaked
be am is are was were been being
bear bore borne born
beat beaten
become became
befall befell befallen
begin began begun
behold beheld
bend bent
beset
bet betted
bid bade bidden
bind bound
bite bit bitten
bleed bled
blow blew blown
break broke broken
breed bred
bring brought
build built
burn burnt burned
burst
buy bought
can could
cast
catch caught
choose chose chosen
cleave clove cleft cloven cleaved
cling clung
clothe clad clothed
come came
cost costed
creep crept
cut
deal dealt
dig dug
dive dove dived
do does did done
draw drew drawn
dream dreamt dreamed
drink drank drunk
drive drove driven
dwell dwelt dwelled
eat ate eaten
fall fell fallen
feed fed
feel felt
fight fought
find found
fit fitted
flee fled
fling flung
fly flew flown flied
forbear forbore forborne
forbid forbade forbidden forbad
forget forgot forgotten
forgive forgave forgiven
forsake forsook forsaken
freeze froze frozen
get got gotten
gild gilt gilded
gird girt girded
give gave given
go goes went gone
grind ground
grow grew grown
hang hung hanged
have has had having
hear heard
heave hove heaved
hew hewn hewed
hide hid hidden
hit
hold held
hurt
keep kept
kneel knelt kneeled
knit knitted
know knew known
lay laid
lead led
lean leant leaned
leap leapt leaped
learn learnt learned
leave left
lend lent
let
lie lay lain lied
light lit lighted
lose lost
make made
may might
mean meant
meet met
mow mown mowed
pay paid payed
plead pled pleaded
prove proven proved
put
quit quitted
read
rend rent
rid ridded
ride rode ridden
ring rang rung ringed
rise rose risen
run ran
saw sawn sawed
say said
see saw seen
seek sought
sell sold
send sent
set
sew sewn sewed
shake shook shaken
shall should
shave shaven shaved
shear shorn sheared
shed shedded
shine shone shined
shoe shod shoed
shoot shot
show shown showed
shrink shrank shrunk
shut
sing sang sung
sink sank sunk
sit sat
slay slew slain slayed
sleep slept
slide slid
sling slung
slink slunk
slit
smell smelt smelled
smite smote smitten
sow sown sowed
speak spoke spoken
speed sped speeded
spell spelt spelled
spend spent
spill spilt spilled
spin spun span
spit spat
split
spoil spoilt spoiled
spread
spring sprang sprung
stand stood
stave stove staved
steal stole stolen
stick stuck
sting stung
stink stank stunk
strew strewn strewed
stride strode stridden
strike struck stricken
string strung
strive strove striven strived
swear swore sworn
sweat sweated
sweep swept
swell swollen swelled
swim swam swum
swing swung
take took taken
teach taught
tear tore torn
tell told
think thought
thrive throve thrived
throw threw thrown
thrust
tread trod trodden
wake woke woken waked
wear wore worn
weave wove woven weaved
wed wedded
weep wept
wet wetted
will would
win won
wind wound winded
wring wrung
write wrote written
"""

_NOUNS = """
aircraft
alga algae
alumnus alumni
antenna antennae antennas
analysis analyses
appendix appendices appendixes
axis axes
axe axes
bacterium bacteria
basis bases
bison
cactus cacti cactuses
calf calves
cherub cherubim cherubs
child children
cod cods
corps
craft crafts
crisis crises
criterion criteria
curriculum curricula curriculums
datum data
deer
diagnosis diagnoses
die dice dies
dwarf dwarves dwarfs
elf elves
ellipsis ellipses
fish fishes
focus foci focuses focusses
foot feet foots
formula formulae formulas
fungus fungi funguses
genius genii geniuses
genus genera
goose geese gooses
grouse grouses
half halves
hoof hooves hoofs
hypothesis hypotheses
index indices indexes
knife knives
larva larvae larvas
leaf leaves
life lives lifes
loaf loaves
locus loci
louse lice louses
man men
matrix matrices matrixes
medium media mediums
memorandum memoranda memorandums
moose
mouse mice mouses
nucleus nuclei
oasis oases
offspring offsprings
ox oxen
parenthesis parentheses
penny pence pennies
person people persons
phenomenon phenomena
quantum quanta
radius radii radiuses
salmon salmons
scarf scarves scarfs
self selves
series
sheaf sheaves
sheep
shelf shelves
species
spectrum spectra spectrums
staff staves staffs
stimulus stimuli
stratum strata
syllabus syllabi syllabuses
synthesis syntheses
terminus termini terminuses
thesis theses
thief thieves
tooth teeth tooths
trout trouts
vertex vertices vertexes
wharf wharves wharfs
wife wives
wolf wolves
woman women
"""


def _table(text: str) -> dict[str, tuple[str, ...]]:
    lines = (line.split() for line in text.split("\n") if line)
    return {word: tuple(forms) for word, *forms in lines}


VERBS: Final = _table(_VERBS)
"""Base form -> what takes the place of the regular -ed; "be", "have" and "do" have more."""

NOUNS: Final = _table(_NOUNS)
"""Singular -> the ending in place of the regular -s; "" if the plural is the same."""

PREFIXES: Final = tuple("counter fore inter mis out over re through un under up with".split())
"""Prefixes of irregular verbs: over-come, under-take, with-draw."""

CLITICS: Final = {"have": ("'ve",), "be": ("'m", "'re"), "will": ("'ll",)}
"""Short forms of only one verb each; 's and 'd may be either of two."""
