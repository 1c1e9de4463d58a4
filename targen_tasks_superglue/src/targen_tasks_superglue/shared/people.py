"""First names and family names, for people who do not exist.

Rows should name new people each time, and no living ones. Left to itself a model repeats a dozen
names, and in news it writes real ones.
"""

from __future__ import annotations

import random

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
"""Names of women that are not also words or places in texts."""

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
"""Names of men that are not also words or places in texts."""

FAMILY_NAMES = tuple(
    "Aalbers Abara Abernathy Achterberg Ackland Adamczyk Addington Adeyinka Ainscough Akhtar "
    "Akpan Alcott Aldersea Aldridge Almeida Alvarado Amankwah Amberson Andresen Ansah "
    "Anstruther Appiah Arbogast Arkwright Arnesen Asante Ashgrove Ashworth Aspinall Atherstone "
    "Averill Axelrod Babatunde Bachmann Baddeley Bagshaw Bainbridge Bakshi Balcombe Banerji "
    "Baptista Barraclough Barrowclough Batista Beauchamp Beckwith Belanger Bellamy Bellweather "
    "Benavides Benscombe Bergqvist Bexley Bickerstaff Birkelund Birtwistle Bjarnason Blakemoor "
    "Blanchard Blaylock Boateng Bohannon Borowitz Bosworth Bracegirdle Brackley Brandvold "
    "Brennecke Brightwell Brockhurst Bryndal Buchholz Burgoyne Cadwallader Calderwood Calloway "
    "Canfield Carmody Carrington Castellane Castellanos Cavendish Chakrabarti Chatterton "
    "Chaudhry Chilcott Clatworthy Cobbold Coldstream Colquhoun Contreras Corvalan Cottingley "
    "Cranleigh Crossland Dahlberg Dalgaard Danforth Danjuma Darrowby Dasgupta Delacour Dembele "
    "Deverell Dewhurst Dillard Dimarco Dobrynin Donnelly Drinkwater Drummore Dunsany Durrant "
    "Eastlake Eberhart Eccleston Edgecombe Edmonstone Ekelund Ellacott Ellwood Escobedo Esparza "
    "Everard Eversholt Fairclough Fairweather Fanshawe Farnsby Featherstone Feldhaus Ferrante "
    "Ferreira Finnegan Fitchett Flanagan Fontaine Fordham Forsgren Fothergill Frimpong "
    "Frobisher Gadsby Galbraith Garrido Gatward Ghorbani Gilchrist Gilfoyle Glanville Golightly "
    "Goodacre Goswami Greenhalgh Grenville Grimshaw Guerin Gundersen Gupte Haddon Halliwell "
    "Halvorsen Hammersley Hargrave Hartigan Hasegawa Haverford Hawksworth Heatherington "
    "Heikkinen Hennessy Herrington Hinchcliffe Holloway Honeycutt Horvat Huddleston Hurlingham "
    "Ibarra Iddrisu Illingworth Ingleby Inglethorpe Isaksen Ivarsson Jablonski Jayawardena "
    "Jefferies Jessop Kaczmarek Kariuki Kavanagh Kellaway Kershaw Kestrel Kilbride Kimathi "
    "Kirschbaum Knatchbull Kovalenko Kowalik Lachlan Lambourne Langridge Larkspur Lattimore "
    "Lauterbach Ledwidge Leventhal Lindqvist Littlewood Lockhart Lomax Loxley Lundqvist "
    "Macalister Maddern Mainwaring Majumdar Maldonado Malinowski Marchbanks Marchetti Mellors "
    "Merrick Merriweather Midgley Mikkelsen Moberly Molyneux Montrose Morgenthal Mortlock "
    "Mukherjee Mulcahy Musgrave Nakagawa Nakamura Nandwani Ndlovu Nesbitt Norrington Northcote "
    "Nwosu Oakeshott Obermann Odhiambo Ogilvie Okonjo Oldfield Olorunfemi Orlandi Ormerod "
    "Osterberg Osterman Overbury Paget Pakenham Palethorpe Pargeter Pemberton Pendergast "
    "Penhallow Perreira Petrakis Pettigrew Pickersgill Pilkington Pocklington Prendergast "
    "Quartermain Quigley Quillfeather Quintana Rahimi Ramsbottom Rasmussen Rathbone Ravenscroft "
    "Redfern Renfrew Renshaw Ridgeway Rosenthal Rothwell Rowntree Rutledge Saavedra Saltmarsh "
    "Sandoval Satterthwaite Seagrave Sedgwick Serrano Shackleford Shuttleworth Skelton "
    "Skovgaard Solberg Spofforth Standish Stapleton Stavros Steadman Stoddart Strickland Szabo "
    "Tamboli Tattersall Templeton Tennant Thistlewood Thornycroft Threlfall Tiernan Timperley "
    "Tolliver Trelawney Tremaine Trevelyan Tunstall Tyndall Uchida Umarov Underhill Unsworth "
    "Vandermeer Varma Vasquez Venables Verhoeven Villanueva Villiers Waddington Wadsworth "
    "Wainwright Walmsley Warburton Westerby Wetherby Whitlock Whittaker Wickham Wickramasinghe "
    "Willoughby Winterbourne Wisniewski Wolstenholme Wooldridge Worthington Xanthopoulos "
    "Yamashita Yardley Yelland Yoxall Zabriskie Zamora Zetterberg Zielinski".split()
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
