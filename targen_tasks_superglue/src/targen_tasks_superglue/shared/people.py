"""First names and family names, for people who do not exist.

Rows that name people are to name others each time, and none who lives: left to itself a model
writes the same dozen of names, and of the news it writes real ones.
"""

from __future__ import annotations

import random

__all__ = ["FAMILY_NAMES", "FEMALE_NAMES", "MALE_NAMES", "cast"]

FEMALE_NAMES = tuple(
    "Abigail Ada Adele Agatha Aisha Alice Alma Amara Amelia Amina Anika Anita Anya Astrid "
    "Audrey Beatrice Becky Bella Bridget Brigid Camila Carla Carmen Cecily Celia Charlotte "
    "Chloe Clara Cora Daniela Daphne Deborah Denise Diana Dora Edith Eileen Elena Elise Elsa "
    "Emma Erika Esther Eva Fatima Felicity Fiona Frieda Gemma Greta Gwen Hannah Harriet Heidi "
    "Helen Hilda Ida Imogen Ines Ingrid Irene Isabel Josie Judith Julia Karen Katya Keiko Laura "
    "Leila Lena Lila Lottie Lucy Mabel Maeve Margaret Maria Martha Matilda Maya Meera Mina "
    "Miriam Molly Nadia Naomi Nell Nina Nora Olga Pamela Paula Petra Philippa Phoebe Polly "
    "Priya Rachel Renata Rhoda Rosa Ruth Sabine Sadie Salma Samira Sandra Selma Shirin Sofia "
    "Stella Sunita Susan Sylvia Tamara Tara Tessa Thea Tina Trudy Ursula Valerie Vera Wanda "
    "Wilma Winnie Yasmin Yuki Zadie Zara Zelda Zoe".split()
)
"""Names of women, none of them a word or a place that a text may hold for another reason."""

MALE_NAMES = tuple(
    "Aaron Abdul Adam Alan Albert Alec Amir Andrew Anton Arthur Ashok Barnaby Ben Bernard Bilal "
    "Boris Brian Bruno Callum Cedric Clive Colin Conrad Cyril Damian Daniel David Declan Derek "
    "Diego Dimitri Dominic Douglas Duncan Edgar Edmund Edward Elias Emil Enzo Eric Ernest Ethan "
    "Eugene Fabio Farid Felix Fergus Finn Francis Fred Gabriel Gareth Gavin George Gerald "
    "Gilbert Giles Gordon Graham Gregory Gustav Hamish Hans Harold Hassan Hector Henry Hiroshi "
    "Howard Hugo Ian Ibrahim Igor Imran Isaac Ivan Jacob Jamal James Javier Jerome Joel John "
    "Jonas Julian Karl Keith Kenji Kevin Kofi Lars Laurence Leo Leon Liam Linus Lionel Lorenzo "
    "Louis Luca Malcolm Marco Martin Mateo Matthew Maurice Max Mehmet Michael Milan Neil Nigel "
    "Noah Olaf Omar Oscar Otto Owen Pablo Patrick Paul Pedro Percy Peter Philip Rafael Rajesh "
    "Ralph Ravi Rohan Rory Rupert Samuel Sanjay Saul Sergei Simon Stefan Tariq Terence Theo "
    "Thomas Tobias Trevor Vikram Viktor Vincent Walter Wesley Wilfred Yusuf".split()
)
"""Names of men, none of them a word or a place that a text may hold for another reason."""

FAMILY_NAMES = tuple(
    "Abernathy Achterberg Adeyinka Aldersea Amankwah Anstruther Arbogast Ashgrove Averill "
    "Bakshi Balcombe Banerji Barrowclough Belanger Bellweather Benscombe Birkelund Blakemoor "
    "Bohannon Borowitz Brackley Brandvold Brennecke Bryndal Calloway Canfield Carmody "
    "Castellane Chaudhry Clatworthy Coldstream Corvalan Cottingley Crossland Dalgaard Danjuma "
    "Darrowby Delacour Dembele Dewhurst Dimarco Dobrynin Drummore Dunsany Eastlake Eberhart "
    "Edgecombe Ekelund Ellacott Esparza Eversholt Fairweather Farnsby Feldhaus Ferrante "
    "Fitchett Fontaine Forsgren Frobisher Gadsby Galbraith Garrido Gatward Ghorbani Gilfoyle "
    "Glanville Goodacre Grenville Guerin Gundersen Halvorsen Hargrave Hartigan Hasegawa "
    "Hawksworth Heatherington Hennessy Horvat Iddrisu Inglethorpe Ivarsson Jablonski Jessop "
    "Kariuki Kavanagh Kellaway Kestrel Kimathi Kirschbaum Kowalik Lachlan Langridge Larkspur "
    "Lauterbach Ledwidge Lindqvist Lockhart Lomax Maddern Majumdar Malinowski Marchetti Mellors "
    "Merriweather Mikkelsen Montrose Morgenthal Mulcahy Nakagawa Nandwani Nesbitt Northcote "
    "Nwosu Oakeshott Odhiambo Okonjo Oldfield Orlandi Osterman Paget Pakenham Pemberton "
    "Penhallow Perreira Petrakis Pickersgill Quillfeather Quintana Rahimi Ravenscroft Redfern "
    "Renfrew Rowntree Rutledge Saavedra Sandoval Sedgwick Serrano Shackleford Skovgaard Solberg "
    "Standish Stavros Szabo Tamboli Tennant Tolliver Trelawney Tremaine Umarov Underhill "
    "Vandermeer Varma Verhoeven Villanueva Wadsworth Wainwright Warburton Westerby Whitlock "
    "Wickramasinghe Winterbourne Wolstenholme Yardley Yamashita Zabriskie Zielinski".split()
)
"""Family names, most of them rare."""

_ORGANIZATION_WORDS = tuple(
    "Aldermoor Amberline Arcwell Ashbrook Auralis Bellmarsh Birchway Blackwick Bluegate Brightholm "
    "Broadfen Calderon Cinderford Clearspan Copperhall Corvane Crestmoor Dalebridge Dovecote "
    "Drystone Eastmark Eldergrove Emberly Fairholt Farrowdale Fenmarch Fernleigh Fieldgate "
    "Foxhollow Gildenhall Glasswater Goldcrest Granary Greenhithe Greywing Halewood Harrowgate "
    "Hartsmere Hazelmere Highfold Hollowell Ironbark Ivorydale Juniper Kelbrook Kingsferry "
    "Kiteworth Lanternfield Larkhill Linden Longacre Lowmere Maplecross Marlstone Meadowlark "
    "Mereside Millrace Moonraker Mossbank Netherby Nightjar Northgate Nutbourne Oakhurst Oldbury "
    "Orrin Osprey Pebblewick Pinegrove Plumstead Quarrygate Quickthorn Ravenfield Redshank "
    "Rookwood Rosehip Sableton Sandpiper Seabright Shearwater Silverbeck Skylark Southmoor "
    "Sparrowhawk Starling Stillwater Stonechat Sunderby Swallowtail Tamarind Thistledown Thornbury "
    "Tidewell Trellick Upmarsh Velmont Wavecrest Waxwing Whinfell Whitebeam Willowmere "
    "Windrush Woodlark Wrenfield Yarrow Zephyrine".split()
)


def cast(rng: random.Random) -> str:
    """Five people and the first words of four organisations, for one text."""
    firsts = rng.sample((*FEMALE_NAMES, *MALE_NAMES), 5)
    people = zip(firsts, rng.sample(FAMILY_NAMES, 5), strict=True)
    names = "; ".join(f"{first} {family}" for first, family in people)
    return f"{names} / {'; '.join(rng.sample(_ORGANIZATION_WORDS, 4))}"
