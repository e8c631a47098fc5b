"""Notes on the public record, for the held-out set: real events, real people, real figures.

The wording is ours; only what stands in quotation marks was said so. The checks were not tuned on these texts.
"""

from __future__ import annotations

from tests.corpus.texts import Text

RECORD = (
    Text(
        "The first Tacoma Narrows Bridge",
        (
            "The first Tacoma Narrows Bridge was opened to traffic on 1 July 1940. Its main span of 853 m "
            "was then the third longest in the world. The deck was only 12 m wide and was stiffened by plate "
            "girders 2.4 m deep.",
            "The engineer Clark Eldridge had designed a deeper truss for the deck. Leon Moisseiff of New York "
            "proposed the shallow girders, which were cheaper. The bridge cost about $6.4 "
            "million, and it was not rebuilt during the war.",
            "The deck moved up and down from the first day, and people called it Galloping Gertie. On the "
            "morning of 7 November 1940, in a wind of about 68 km/h, the motion turned into a twist. The main "
            "span fell into Puget Sound on the same day.",
            "No person was killed. The only victim was a dog named Tubby, which would not leave a car on "
            "the span. Professor Burt Farquharson of the University of Washington had studied a model of the "
            "bridge and filmed the collapse.",
            "A new bridge was not opened before 14 October 1950, and the ruins "
            "of the old span were never raised. It was built with a deck about 18 m wide "
            "and with trusses 10 m deep. Model tests in wind tunnels have been common for long spans since "
            "then.",
        ),
        (
            "Traffic used the first bridge from 1 July 1940.",
            "The main span collapsed on 7 November 1940 in a wind of about 68 km/h.",
            "The replacement was opened on 14 October 1950.",
            "Nobody was killed in the collapse.",
        ),
    ),
    Text(
        "The mirror of the Hubble telescope",
        (
            "The Hubble Space Telescope was launched on 24 April 1990 aboard the shuttle Discovery. It is "
            "13.2 m long, and its main mirror has a diameter of 2.4 m. Its orbit lay about 600 km above the "
            "Earth. It cannot be pointed at the Sun.",
            "The first pictures were not as sharp as they should have been. The mirror was too flat at its "
            "edge by about 2.2 micrometres. A lens in the instrument that guided the polishing had been "
            "placed 1.3 mm from its proper position.",
            "The mirror was polished by Perkin-Elmer in Danbury. NASA named a board of inquiry under Lew "
            "Allen, the director of the Jet Propulsion Laboratory. Its report of November 1990 found that two "
            "other tests had shown the error and had not been believed. The whole telescope was never tested as one "
            "before the launch.",
            "Astronauts of the shuttle Endeavour repaired the telescope in December 1993. They took five "
            "space walks in a flight of 11 days. The main mirror itself was never replaced; small mirrors of "
            "the size of a coin corrected the light.",
            "Shuttles visited the telescope five times between 1993 and 2009. The last visit, by Atlantis, "
            "began on 11 May 2009. The European Space Agency paid for about 15 percent of the project and "
            "received 15 percent of the observing time.",
        ),
        (
            "Discovery carried the telescope into space on 24 April 1990.",
            "The edge of the mirror was about 2.2 micrometres too flat.",
            "The crew of Endeavour repaired the telescope in December 1993 with five space walks.",
            "Atlantis made the last visit, which began on May 11, 2009.",
        ),
    ),
    Text(
        "The loss of the shuttle Challenger",
        (
            "The shuttle Challenger broke apart 73 seconds after its launch on 28 January 1986. All seven "
            "members of the crew died. The shuttle had no means of "
            "escape during the climb. One of the crew, Christa McAuliffe, was a teacher from New Hampshire.",
            "The night before had been unusually cold for Florida, and the air at launch was about 2 °C. A "
            "rubber seal in a joint of the right booster did not close in the cold. Engineers of Morton "
            "Thiokol, among them Roger Boisjoly, had advised against a launch below 12 °C. No "
            "shuttle had been launched in such cold before.",
            "President Ronald Reagan named a commission under William Rogers on 3 February 1986. Its report "
            "was handed over on 6 June 1986. It called the disaster “an accident rooted in history”.",
            "The physicist Richard Feynman dipped a piece of the seal into ice water at a hearing. He wrote in "
            "an appendix that “reality must take precedence over public relations, for nature cannot be "
            "fooled”. He found that managers put the risk far lower than engineers did.",
            "The shuttles did not fly for 32 months. Discovery was launched on 29 September 1988 with a new "
            "design of the joints. The replacement orbiter, Endeavour, flew first in May 1992.",
        ),
        (
            "Challenger broke up 73 seconds after launch, on January 28, 1986.",
            "The commission led by William Rogers handed over its report on 6 June 1986.",
            "Shuttle flights were suspended for 32 months.",
            "Nobody of the seven crew members survived.",
        ),
    ),
    Text(
        "The flight of Apollo 11",
        (
            "Apollo 11 was launched from Florida on 16 July 1969 at 13:32 UTC. The Saturn V rocket was 110.6 "
            "m tall. The flight to the Moon took about three days.",
            "Neil Armstrong and Buzz Aldrin landed in the Sea of Tranquility on 20 July 1969 at 20:17 UTC. "
            "Michael Collins did not land and stayed in orbit. The landing computer had reported program alarms "
            "on the way down.",
            "Armstrong stepped onto the ground at 02:56 UTC on 21 July 1969. His words were “one small step "
            "for man, one giant leap for mankind”. Nobody had walked on another world before. "
            "The walk lasted about 151 minutes, and the two men collected "
            "21.5 kg of rock and soil.",
            "The plaque on the landing stage says that they “came in peace for all mankind”. The crew came "
            "down in the Pacific on 24 July 1969 and was picked up by the carrier Hornet. The three men were "
            "kept apart for 21 days because nobody could exclude germs from the Moon.",
            "President John F. Kennedy had asked for the landing on 25 May 1961. At Rice University he said on "
            "12 September 1962 that “we choose to go to the moon in this decade and do the other things, not "
            "because they are easy, but because they are hard”. He did not live to see it, "
            "and his successor was no longer in office.",
        ),
        (
            "Armstrong and Aldrin landed on 20 July 1969.",
            "They brought back 21.5 kg of rock and soil.",
            "The crew splashed down in the Pacific on July 24, 1969.",
            "Collins remained in orbit.",
        ),
    ),
)
