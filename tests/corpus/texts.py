"""Plain-English texts for the evidence bench.

They were written for this bench. Places, bodies, people and figures in them are made up, so that no outside
knowledge can help or hurt. `DEVELOPMENT` may be looked at while the checks are being written; `HELD_OUT` is
for the reported figure only. Each text comes with a few sentences that say the same in other words
(`reworded`), to measure false alarms on honest paraphrase.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    title: str
    paragraphs: tuple[str, ...]
    reworded: tuple[str, ...]


DEVELOPMENT = (
    Text(
        "Harbour bridge inquiry",
        (
            "The Lanmore Bridge was opened to traffic on 14 May 1971. It crosses the Senn estuary in a "
            "single span of "
            "412 m and carries about 38,000 vehicles a day. The deck was not designed for lorries heavier "
            "than 32 "
            "tonnes.",
            "On 3 February 2009 an inspector of the Coastal Roads Agency found cracks in two hangers. "
            "Traffic was "
            "closed at 06:40 and was not allowed back for 11 weeks. The repair cost €18.4 million, three "
            "times the "
            "sum that the agency had set aside.",
            "The inquiry was led by Judge Marta Oduya. She wrote that “the agency measured what was easy "
            "to reach and "
            "left out what was likely to fail”. Corrosion had reduced the section of the worst hanger by "
            "23 percent.",
            "Inspections had become rarer: from 1998 to 2008 the interval rose from 12 to 30 months. The "
            "inquiry "
            "recommended that no hanger should go longer than 18 months without a close look. The board of "
            "the agency "
            "accepted 14 of its 16 recommendations in October 2010.",
            "Engineers from Kessler Marine lowered a diver to a depth of 26 m. Their report gave the "
            "strength of the "
            "steel as 1.2 GN per square metre at best. Wind speeds above 90 km/h had been recorded on 41 "
            "days.",
        ),
        (
            "An inspector from the Coastal Roads Agency discovered cracks in two hangers on 3 February 2009.",
            "The bridge stayed closed for 11 weeks.",
            "The worst hanger had lost 23 % of its section to corrosion.",
            "Of the 16 recommendations, the agency's board accepted 14.",
            "The Lanmore Bridge has a single span of 412 metres over the Senn estuary.",
            "The repair cost 18,400,000 euros.",
        ),
    ),
    Text(
        "Water works of Ostrel, yearly report",
        (
            "Ostrel Water supplied 61.3 million cubic metres in 2018, down from 64.0 million in 2017. "
            "Losses in the "
            "pipes fell to 9.8 percent, the lowest figure since records began in 1954.",
            "The company employed 1,240 people at the end of the year, of whom 312 worked in the "
            "laboratories. "
            "Revenue increased by 4.1 percent to $212 million. No dividend was paid.",
            "In March 2018 the new plant at Grey Hollow went into service. It treats 85,000 cubic metres a "
            "day and "
            "uses 0.42 kWh for each cubic metre. Its budget of $96 million was not exceeded.",
            "Director Ines Falk told the council that “nobody in the valley should boil water because of a "
            "pipe that "
            "we knew about”. The council approved a second plant on 12 November 2018 by 31 votes to 8.",
            "Lead was measured above the limit in 17 of 9,600 samples. Before the programme of the Health "
            "Office "
            "started, it had been 140. The limit is 10 micrograms per litre.",
        ),
        (
            "Supply fell from 64.0 million cubic metres in 2017 to 61.3 million in 2018.",
            "Pipe losses dropped to 9.8 %, which is the lowest since 1954.",
            "At year end Ostrel Water had 1,240 employees, 312 of them in the laboratories.",
            "The plant at Grey Hollow went into service in March 2018.",
            "On 12 November 2018 the council approved a second plant with 31 votes to 8.",
        ),
    ),
    Text(
        "Trial of a sleep medicine",
        (
            "The trial enrolled 486 adults at nine hospitals between June 2014 and August 2016. Half of "
            "them received "
            "20 mg of velanpine, the others a placebo. Neither the patients nor the nurses knew who "
            "received what.",
            "After 12 weeks the patients on velanpine slept 38 minutes longer than before. In the placebo "
            "group the "
            "gain was 11 minutes. The difference was significant (p = 0.003).",
            "Dizziness was more frequent with velanpine: 13.6 percent against 5.1 percent. No patient "
            "died. Seven "
            "patients left the trial because of headaches.",
            "Dr. Pauline Achterberg, who led the trial, said that “the effect is real but it is not large, "
            "and it "
            "fades within a month”. The medicine did not improve memory.",
            "The sponsor, Norrland Pharma, asked the Medicines Board for approval on 9 January 2017. The "
            "board "
            "rejected the request after 14 months.",
        ),
        (
            "Patients who took velanpine slept 38 minutes longer after 12 weeks, against 11 minutes with "
            "placebo.",
            "The trial took in 486 adults in nine hospitals.",
            "Dizziness occurred in 13.6 % of those on velanpine and in 5.1 % of the placebo group.",
            "Norrland Pharma applied for approval to the Medicines Board on 9 January 2017.",
            "Memory was not improved by the medicine.",
        ),
    ),
)

HELD_OUT = (
    Text(
        "The fire at Tallow Street",
        (
            "The fire in the warehouse on Tallow Street was reported at 21:17 on 6 August 1988. The first "
            "engine "
            "arrived after 7 minutes. By then the roof over 3,400 square metres of stored paper was burning.",
            "No one was killed. Nineteen firefighters were treated for smoke, and four of them stayed in "
            "hospital "
            "longer than a week. Some 260 residents were not able to return home before 10 August 1988.",
            "The Port Fire Service had tested the hydrants in 1981 and again in 1985. Pressure at the "
            "nearest hydrant "
            "fell below 1.8 bar when a third hose was connected. The service had asked for a new main that "
            "would cost "
            "£640,000.",
            "Fire marshal Edwin Brask wrote in his notes that “the alarm rang in an office where nobody "
            "sat after "
            "six o'clock”. He estimated the loss at £5.2 million; the insurer, Halden Mutual, paid £4.7 "
            "million.",
            "After the fire the number of yearly inspections rose from 90 to 275. Sprinklers became "
            "compulsory in "
            "stores larger than 1,000 square metres. The warehouse was never rebuilt.",
        ),
        (
            "The first engine needed 7 minutes to arrive.",
            "Halden Mutual, the insurer, paid £4.7 million.",
            "Nineteen firefighters were treated because of smoke; nobody was killed.",
            "Inspections per year went up from 90 to 275 after the fire.",
            "The fire was reported on 6 August 1988 at 21:17.",
            "About 260 residents could not return home before 10 August 1988.",
        ),
    ),
    Text(
        "A census of the herons of Lake Imber",
        (
            "The Imber Trust has counted herons on the lake each April since 1963. In April 2021 its "
            "volunteers found "
            "1,164 nests, 9 percent more than in 2020. The southern reed bed held 402 of them.",
            "Ringing shows that young birds travel far. One bird, ringed on 28 May 2012, was seen 2,350 km "
            "away in "
            "October 2013. Most herons did not leave the valley at all.",
            "Hard winters matter more than shooting did. In the winter of 1985 the ice lasted 71 days and "
            "the number "
            "of nests dropped from 880 to 390. It took twelve years to recover.",
            "Warden Sigrid Noor keeps the books. She says that “a heron forgives a boat but it does not "
            "forgive a "
            "kite”. Since 2016 kites have been forbidden within 500 m of the reeds.",
            "Eggs contained 0.6 mg of mercury per kg in 1974 and 0.1 mg per kg in 2019. The paper mill at "
            "Vance Ford "
            "closed on 30 June 1991. The Lakes Institute could not find another source of the metal.",
        ),
        (
            "Volunteers of the Imber Trust found 1,164 nests in April 2021, which is 9 % more than in 2020.",
            "One bird ringed on 28 May 2012 was seen 2,350 km away in October 2013.",
            "Nests fell from 880 to 390 in the winter of 1985, when ice lasted 71 days.",
            "Kites have been forbidden within 0.5 km of the reeds since 2016.",
            "The paper mill at Vance Ford was closed on June 30, 1991.",
        ),
    ),
    Text(
        "Audit of the Merrin tram line",
        (
            "Parliament approved the Merrin tram line on 17 September 2003 with a budget of $310 million. "
            "The line is "
            "22.7 km long and has 29 stops. It was to open in 2008.",
            "It opened on 4 April 2011. The final cost was $547 million, or 76 percent above the budget. "
            "The auditor "
            "found no evidence of fraud.",
            "The contractor, Dunmore Civil, started digging before the Utilities Register was complete. "
            "Crews struck "
            "unmapped pipes 183 times. Each strike cost 2.5 days on average.",
            "Auditor Leonie Strand concluded that “the project was managed as if the ground were empty”. "
            "She did not "
            "blame the engineers. Nine of her 21 recommendations concern the register.",
            "Ridership reached 64,000 passengers a day in 2014, less than the 80,000 that the ministry had "
            "forecast. "
            "Car traffic along the line decreased by 12 percent. The trams use 3.1 kWh per kilometre, and "
            "their top "
            "speed is 70 km/h.",
        ),
        (
            "Parliament gave the tram line a budget of $310 million on 17 September 2003.",
            "The line opened on 4 April 2011 and cost $547 million in the end.",
            "Crews of Dunmore Civil struck unmapped pipes 183 times.",
            "The Merrin line is 22.7 kilometres long with 29 stops.",
            "In 2014 the trams carried 64,000 passengers a day.",
            "Along the line car traffic fell by 12 percent.",
        ),
    ),
)
