"""Word lists for the name finder, all without case."""

from __future__ import annotations

from types import MappingProxyType


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


COUNTRIES = _set(
    "afghanistan albania algeria angola argentina armenia australia austria azerbaijan bahrain "
    "bangladesh belarus belgium bolivia bosnia botswana brazil britain bulgaria cambodia cameroon "
    "canada chile china colombia croatia cuba cyprus denmark ecuador egypt england estonia "
    "ethiopia finland france georgia germany ghana greece guatemala haiti honduras hungary iceland "
    "india indonesia iran iraq ireland israel italy jamaica japan kazakhstan kenya kosovo kuwait "
    "laos latvia lebanon liberia libya lithuania luxembourg malaysia mali malta mexico moldova "
    "mongolia montenegro morocco mozambique myanmar namibia nepal netherlands nicaragua niger "
    "nigeria norway oman pakistan palestine panama paraguay peru philippines poland portugal qatar "
    "romania russia rwanda scotland senegal serbia singapore slovakia slovenia somalia spain sudan "
    "sweden switzerland syria taiwan tanzania thailand tunisia uganda ukraine uruguay uzbekistan "
    "venezuela vietnam wales yemen zambia zimbabwe"
)
"""Countries, which are names even where they open a sentence."""

CAPITALS = _set(
    "amsterdam ankara athens baghdad bangkok beijing beirut belgrade berlin bern brasília brussels "
    "bucharest budapest cairo canberra copenhagen damascus delhi dublin edinburgh hanoi helsinki "
    "islamabad istanbul jakarta jerusalem kabul kiev kyiv lisbon london madrid manila moscow "
    "nairobi oslo ottawa paris prague pyongyang rome santiago seoul sofia stockholm tehran tokyo "
    "tripoli vienna vilnius warsaw washington zagreb alabama alaska arizona arkansas california "
    "colorado connecticut florida hawaii idaho illinois indiana iowa kansas kentucky louisiana "
    "maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada ohio "
    "oklahoma oregon pennsylvania tennessee texas utah vermont virginia wisconsin wyoming europe "
    "africa asia"
)
"""Cities, states and continents that are known as widely as countries are."""

PEOPLES = _set(
    "afghan african albanian algerian american argentine argentinian asian australian austrian "
    "belgian bolivian brazilian british bulgarian cambodian canadian catalan chilean chinese "
    "colombian croatian cuban cypriot czech danish dutch egyptian english estonian ethiopian "
    "european filipino finnish french georgian german ghanaian greek haitian hungarian icelandic "
    "indian indonesian iranian iraqi irish israeli italian jamaican japanese jordanian kenyan "
    "korean kurdish latvian lebanese libyan lithuanian malaysian maltese mexican moroccan nepalese "
    "nigerian norwegian pakistani palestinian peruvian polish portuguese romanian russian saudi "
    "scottish senegalese serbian slovak slovenian somali spanish sudanese swedish swiss syrian "
    "thai tunisian turkish ugandan ukrainian uruguayan venezuelan vietnamese welsh zimbabwean"
)
"""Nationalities: "Austrian Niki Lauda" is not one name."""

FIELDS = _set(
    "affairs agriculture arts children communities culture defence defense development education "
    "energy families health human humanities industry labor labour planning prevention research "
    "rural science sciences security services sport sports technology tourism trade training "
    "transport urban welfare women work"
)
"""Words after "and" in the names of bodies: "Department for Culture and Sport"."""

OPENERS = _set(
    "a about above according across after afterwards again against all almost along already also "
    "although always among amongst an and another any anyone apart around as aside at away back "
    "based be because before behind being below beneath beside besides between beyond both but by "
    "can compared could critics currently dear defending despite did do does during each earlier "
    "early eight either eleven else elsewhere especially even eventually ever every everyone "
    "everything excellent except few fewer fifteen fifty finally first five followed following "
    "for former formerly forty four fourth from further furthermore generally given had half has "
    "have having he hence her here hers him his historians how however hundreds i if ignoring in "
    "indeed initially inside instead into is it its itself just last lately later latest least "
    "less let like likewise local many meanwhile members might modern more moreover most mostly "
    "much my named near nearby nearly neither never nevertheless next nine no nobody none nor not "
    "nothing now of off often on once one only onto opened opposite or originally other others "
    "otherwise our out outside over own part partly people perhaps previously probably rather "
    "recent recently regarding residents scholars second seven several shall she shortly should "
    "similar similarly since six sixteen so some someone something sometimes soon still "
    "subsequently such supporters ten than thanks that the their theirs them then there "
    "thereafter therefore these they third thirty this those though thousands three through "
    "throughout thus till to today together tomorrow tonight too toward towards traditionally "
    "twelve twenty two under unfortunately unlike until unusually up upon us usually visitors was "
    "we well were what whatever when whenever where whereas wherever whether which while who "
    "whoever whom whose why with within without witnesses would years yes yesterday yet you your"
)
"""Common words that open sentences, and that no name begins with."""

OCCUPATIONS = _set(
    "actor actress artist author biologist botanist builder carpenter chemist clerk coach "
    "composer conductor cook critic defender designer diplomat director economist editor engineer "
    "explorer farmer founder geologist goalkeeper historian inventor journalist lawyer merchant "
    "midfielder missionary naturalist novelist nurse painter philosopher photographer physicist "
    "pilot playwright poet police politician priest producer publisher referee researcher scholar "
    "scientist sculptor singer soldier striker surgeon surveyor teacher trainer writer"
)
"""Words before a person's name at the start of a sentence: "Singer Ada Brenner"."""

PARTICLES = _set(
    "af al av bin da das de del della den der des di do dos du e el ibn la las le los ten ter van "
    "vom von y zu"
)
"""Small words inside names of people and places."""

OFFICES = _set(
    "ambassador archbishop capt captain chairman chairwoman chancellor chief col colonel "
    "commissioner congressman congresswoman constable councillor dame detective doctor dr father "
    "gov governor inspector leader lieutenant lt madam mayor minister miss mister mr mrs ms "
    "officer pope premier president prime prof professor rep reps rev reverend secretary sen "
    "senator sergeant sgt sir speaker superintendent"
)
"""Titles before a person's name."""

HYPHENATED = _set(
    "backed based born bound built class controlled designed educated era fed financed free "
    "friendly funded held inspired language led like made only owned run speaking sponsored "
    "style trained type wide"
)
"""Words after a name and a hyphen that are not part of the name: "German-born", but "Shu-fen"."""

KIN = _set("aunt dad father god grandfather grandma grandmother grandpa mom mother mum uncle")
"""Words that are capitalised when used as a name."""

TIMES = _set(
    "april august autumn december february friday fridays january july june march may monday "
    "mondays november october saturday saturdays september spring summer sunday sundays thursday "
    "thursdays tuesday tuesdays wednesday wednesdays winter"
)
"""Days, months and seasons: dates are not entities."""

TIME_MARKS = _set(
    "ad am apr aug bc bce ce dec est feb fri gmt jan jul jun mar mon nov oct pm sat sep sept sun "
    "thu tue utc wed"
)
"""Short forms of those, and other marks of time, which are dates unless a name follows."""

TIME_CUES = _set(
    "about after and around before between by during each early every from in last late mid next "
    "of on one since that this through till to until"
)
"""Words before a month that is a date, and not before a first name."""

DIRECTIONS = _set(
    "air bad bahia baie ben boca cabo cafe café cap cape capo casa central chateau château ciudad "
    "costa east eastern el fort ft glen golfo great greater hotel hurricane isla la lake las le "
    "loch los lower middle mont monte mount mt musée new north north-east north-west northern "
    "nova novo novy nueva nuevo old operation opéra palazzo piz point ponte port porto project "
    "puerto punta radio real rio rue saint san sant santa santo sao south south-east south-west "
    "southern st team upper val via villa west western"
)
"""First words of names whose last word by itself means something else: "New York" is not York."""

GENERIC = _set(
    "abbey academy accord act agency agreement airline airlines airport alliance almanac "
    "amendment archive archives arena army arts assembly association authority avenue award "
    "awards bank bar battle bay beach bell bishop bishopric board books bridge bureau cabinet "
    "camp canal canyon castle cathedral cave center centers centre centres chamber championship "
    "championships "
    "channel chapel chapter charter choir church cinema circle city club clubs coast code "
    "collection college colony column commission committee commons commonwealth community "
    "companies company confederation conference congress consortium convent convention "
    "corporation corps council county coup courier court courts creek crisis cross crown cup dam "
    "day declaration defence defense delta department derby desert diocese district division "
    "ducal duchess duchy duke dynasty earl embassy emirate empire estate exchange exhibition "
    "expedition expo express factory fair falls family farm federation ferry festival firth fleet "
    "force forces forest fortress forum foundation fund gallery games garden gardens gate gazette "
    "girls giro government group guard guards guild gulf hall harbor harbour head heath herald "
    "heritage high highway hill hills history hospital hotel house inc inn inquiry institute "
    "institution island islands isle isles journal jubilee junction kingdom lab laboratory labs "
    "lakes land lane law laws league legion library lighthouse limited line lines lockout lodge "
    "ltd magazine maiden mail mansion marathon mark market marsh medal memorial mill mills mine "
    "mines ministry mirror mission monastery monument moor mosque mountain mountains movement "
    "museum navy network news night observatory ocean office opera orchestra order organisation "
    "organization palace papers park parliament party pass peak peninsula philharmonic pier pit "
    "plain plains plan plateau plaza pole post press prison prize project province quarter race "
    "railroad railway railways range rebellion record records reef regatta regiment region "
    "registry republic reserve reservoir resort review revolt revolution ridge river road rock "
    "route sanctuary scheme school schools sea senate series service services shore show siege "
    "sisters society square stadium staff standard star state states station stock store strait "
    "street strike studio studios summit sun survey swamp symphony syndicate system team "
    "telegraph temple terminal theater theatre throne times tour tournament tower towers town "
    "trail treaty tribe tribunal tribune trophy trust tunnel union unions university valley "
    "viaduct victory villa village volcano vuelta wall waltz war wars way weekly well wells wharf "
    "wing wood woods works workshop world yard zone zoo"
)
"""Nouns that end the names of things: "Paris Opera" is not Paris, but "the Opera" is it."""

NUMERALS = _set("i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi jr sr")
"""Endings of the name of a ruler, a war, a sequel or a son, which may be left out."""

RULERS = _set(
    "count countess czar duchess duke earl emperor empress kaiser khan king lady lord prince "
    "princess queen shah sultan tsar"
)
"""Titles that stay in a name: "Queen Elizabeth" is Elizabeth."""

SETTLEMENTS = _set("city county republic state town united")
"""Last words that are often left out, as of towns and their clubs."""

BESIDE_CITY = _set("guatemala iowa jersey kansas kuwait mexico oklahoma panama quebec")
"""Countries and states that are not meant by the name of a city: "Mexico City"."""

ALIASES = MappingProxyType(
    {
        form: forms[0]
        for forms in (
            ("world war i", "world war one", "first world war", "wwi", "ww1", "great war"),
            ("world war ii", "world war two", "second world war", "wwii", "ww2"),
            ("united states", "us", "usa", "united states of america"),
            ("united kingdom", "uk"),
            ("britain", "great britain"),
            ("soviet union", "ussr"),
            ("united nations", "un"),
            ("european union", "eu"),
            ("new york city", "nyc"),
        )
        for form in forms
    }
)
"""Names that everybody knows by several forms, without stops."""
