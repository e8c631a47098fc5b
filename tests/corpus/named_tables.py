"""Tables whose names hold figures, whose units have a denominator, or whose counts are no rates, with what is said of them."""

# ruff: noqa: E501 -- a table or a sentence a line

from typing import NamedTuple


class Named(NamedTuple):
    """A table as CSV, and sentences over it that it bears out, and that it does not."""

    csv: str
    true: tuple[str, ...]
    false: tuple[str, ...]


NAMED: dict[str, Named] = {
    "wards by quarter": Named(
        "Ward,Beds,Q1-24,Q2-24\nMaple,20,230,251\nCedar,18,190,188\nBirch,25,310,297\n",
        (
            "In Q1-24 Maple had 230.",
            "Cedar fell from 190 in Q1-24 to 188 in Q2-24.",
            "In Q2-24, Birch had the highest figure, 297.",
            "Birch has 25 beds.",
        ),
        (
            "In Q1-24 Maple had 251.",
            "In Q1-25 Maple had 230.",
            "In Q1-24 Maple had 24.",
            "Cedar rose from 190 in Q1-24 to 188 in Q2-24.",
            "In Q1-24 Maple had 230 beds.",
            "Maple cured 230 in Q1-24.",
        ),
    ),
    "hospitals": Named(
        "Hospital,Patients,Deaths,Staff\nMercy,420,12,88\nSt Anne,365,9,75\nLakeside,510,21,102\n",
        (
            "Mercy had 420 patients.",
            "Mercy had a total of 420 patients and 12 deaths.",
            "St Anne has a staff of 75.",
            "Lakeside had the most deaths, 21.",
        ),
        (
            "Mercy had 420 patients a day.",
            "Mercy cured 420 patients.",
            "Mercy had 420 patients each week.",
            "Mercy lost 420 patients.",
            "Mercy had 420 new patients.",
            "Lakeside had 21 staff.",
        ),
    ),
    "yields": Named(
        "Field,Yield (t/ha),Area (ha),Nitrogen (kg/ha)\nNorth Acre,7.1,12,140\nLong Meadow,6.4,8,120\nMill Piece,8.3,15,160\n",
        (
            "The yield of North Acre was 7.1 t/ha.",
            "Mill Piece had the highest yield, 8.3 tonnes per hectare.",
            "Long Meadow has an area of 8 ha.",
            "North Acre got 140 kg/ha of nitrogen.",
        ),
        (
            "The yield of North Acre was 7.1 t.",
            "North Acre had a yield of 7.1 tonnes.",
            "The yield of North Acre was 7.1 kg/ha.",
            "North Acre got 140 kg of nitrogen.",
            "The yield of Long Meadow was 8.3 t/ha.",
            "The total yield was 21.8 t/ha.",
        ),
    ),
    "half years": Named(
        "Segment,H1 2024 revenue (EUR m),H2 2024 revenue (EUR m),FY23 revenue (EUR m)\nCloud,41.2,46.8,70.5\nDevices,22.0,19.4,45.1\nServices,13.7,15.2,25.9\n",
        (
            "In H1 2024, Cloud had revenue of EUR 41.2 million.",
            "Devices had revenue of EUR 45.1 million in FY23.",
            "Revenue of Services rose from EUR 13.7 million in H1 2024 to EUR 15.2 million in H2 2024.",
            "Cloud had the highest revenue in H2 2024.",
        ),
        (
            "In H2 2024, Cloud had revenue of EUR 41.2 million.",
            "Devices had revenue of EUR 45.1 million in FY24.",
            "Cloud had revenue of EUR 41.2 million in 2024.",
            "Services had revenue of EUR 25.9 million in H1 2024.",
            "Devices had the highest revenue in FY23.",
            "In H1 2024, Cloud had profit of EUR 41.2 million.",
        ),
    ),
    "age groups": Named(
        "Age group,Yes (%),No (%),Undecided (%)\n18-24,61,22,17\n25-44,54,31,15\n45-64,48,40,12\n65+,39,52,9\n",
        (
            "Among the 18-24 age group, 61 % said yes.",
            "In the age group 45-64, 40 % said no.",
            "The age group 25-44 had 15 % undecided.",
            "The age group 65+ had the highest share of no, 52 %.",
        ),
        (
            "Among the 18-24 age group, 54 % said yes.",
            "In the age group 45-64, 31 % said no.",
            "Among the 18-24 age group, 24 % said yes.",
            "The age group 25-44 had 25 % undecided.",
            "Among the 18-25 age group, 61 % said yes.",
            "The age group 65+ had the highest share of yes.",
        ),
    ),
    "weeks": Named(
        "Week,Orders,Returns\nWeek 12,540,31\nWeek 13,612,28\nWeek 14,588,40\n",
        (
            "In week 12 there were 540 orders.",
            "Week 13 had 612 orders and 28 returns.",
            "Week 14 had the most returns, 40.",
            "Orders rose from 540 in week 12 to 612 in week 13.",
        ),
        (
            "In week 12 there were 612 orders.",
            "In week 15 there were 540 orders.",
            "Week 12 had the most orders.",
            "There were 12 orders in week 12.",
            "Orders fell from 540 in week 12 to 612 in week 13.",
            "In week 13 there were 28 orders.",
        ),
    ),
    "matchdays": Named(
        "Matchday,Goals,Cards\n7,24,31\n8,19,28\n9,33,36\n",
        (
            "On matchday 7 there were 24 goals.",
            "Matchday 9 had the most goals, 33.",
            "On matchday 8 there were 28 cards.",
            "Goals fell from 24 on matchday 7 to 19 on matchday 8.",
        ),
        (
            "On matchday 7 there were 19 goals.",
            "On matchday 10 there were 33 goals.",
            "On matchday 7 there were 7 goals.",
            "Matchday 8 had the most goals.",
            "On matchday 9 there were 33 cards.",
            "On matchday 8 the players scored 28 goals.",
        ),
    ),
    "air": Named(
        "Station,PM2.5 (µg/m³),PM10 (µg/m³),NO2 (µg/m³)\nCentre,14.2,22.5,31\nHarbour,11.8,25.1,27\nPark,8.3,14.0,12\n",
        (
            "PM2.5 at Centre was 14.2 µg/m³.",
            "Harbour had the highest PM10, 25.1 µg/m³.",
            "NO2 at Park was 12 µg/m³.",
            "Park had the lowest PM2.5, 8.3 µg/m³.",
        ),
        (
            "PM10 at Centre was 14.2 µg/m³.",
            "PM2.5 at Centre was 14.2 mg/m³.",
            "PM2.5 at Centre was 2.5 µg/m³.",
            "Harbour had the highest PM2.5.",
            "PM2.5 at Park was 14.2 µg/m³.",
            "PM2.5 at Centre was 14.2 µg.",
        ),
    ),
    "cases": Named(
        'Region,COVID-19 cases,Flu cases,"Cases per 100,000"\nEast,1240,310,88\nWest,980,275,64\nSouth,1510,420,97\n',
        (
            "East had 1,240 COVID-19 cases.",
            "West had 275 flu cases.",
            "South had 97 cases per 100,000.",
            "South had the most COVID-19 cases, 1,510.",
        ),
        (
            "East had 310 COVID-19 cases.",
            "East had 19 COVID-19 cases.",
            "South had 97 cases.",
            "East had 1,240 COVID-19 deaths.",
            "West had 64 flu cases.",
            "East had 88 cases per 10,000.",
        ),
    ),
    "phases": Named(
        "Drug,Phase 2 patients,Phase 3 patients,Sites\nAlfimab,120,860,14\nBentorol,95,640,11\nCardex,140,1020,22\n",
        (
            "Alfimab had 860 patients in phase 3.",
            "Cardex had 140 Phase 2 patients.",
            "In Phase 3, Bentorol had 640 patients.",
            "Cardex had the most patients in Phase 3, 1,020.",
        ),
        (
            "Alfimab had 120 patients in phase 3.",
            "Alfimab had 860 patients in phase 4.",
            "Alfimab had 3 patients in phase 3.",
            "Alfimab enrolled 860 patients per site in phase 3.",
            "Bentorol had the most patients in Phase 3.",
            "Cardex had 1,020 sites in Phase 3.",
        ),
    ),
    "plans": Named(
        "Plan,Price ($/month),Users,Storage (GB)\nStarter,9,3,50\nTeam,29,10,200\nBusiness,99,50,1000\n",
        (
            "The Team plan costs $29 per month.",
            "Business has the most storage, 1,000 GB.",
            "Starter has 3 users.",
            "The price of Starter is $9 a month.",
        ),
        (
            "The Team plan costs $29 per year.",
            "The Team plan costs $29.",
            "Business has 50 GB.",
            "Starter has the most users.",
            "The price of Starter is $29 a month.",
            "Team saves $29 per month.",
        ),
    ),
    "league": Named(
        "Club,Wins,Draws,Losses\nRovers,12,4,6\nUnited,12,2,8\nAthletic,9,7,6\nTown,7,5,10\n",
        (
            "Rovers and United both had 12 wins.",
            "Athletic had 7 draws.",
            "Town had the most losses, 10.",
            "Rovers and Athletic each had 6 losses.",
        ),
        (
            "Rovers and Athletic both had 12 wins.",
            "Rovers and United both had 12 draws.",
            "United had 12 wins against Rovers.",
            "Town won 10.",
            "Rovers and United both had 4 draws.",
            "Rovers had 12 wins in a row.",
        ),
    ),
    "voters": Named(
        "Party,May 2023 (%),May 2024 (%),Seats\nGreens,14.5,16.2,38\nLiberals,28.1,24.7,71\nLabour,33.0,35.4,92\n",
        (
            "In May 2024 the Greens had 16.2 %.",
            "The Liberals fell from 28.1 % in May 2023 to 24.7 % in May 2024.",
            "Labour has 92 seats.",
            "Labour had the highest share in May 2024, 35.4 %.",
        ),
        (
            "In May 2023 the Greens had 16.2 %.",
            "In June 2024 the Greens had 16.2 %.",
            "The Liberals won 71 new seats.",
            "Labour lost 92 seats.",
            "The Greens had 38 % in May 2024.",
            "The Liberals gained 24.7 % in May 2024.",
        ),
    ),
    "runners": Named(
        "Runner,10 km (min),Half marathon (min),Age\nAlvarez,34,76,29\nBrandt,37,81,41\nChen,36,79,35\n",
        (
            "Alvarez ran the 10 km in 34 minutes.",
            "Chen has an age of 35.",
            "Brandt took 81 minutes for the half marathon.",
            "Alvarez had the shortest half marathon, 76 minutes.",
        ),
        (
            "Alvarez ran the 10 km in 37 minutes.",
            "Alvarez ran 10 km in 34 seconds.",
            "Brandt took 37 minutes for the half marathon.",
            "Chen ran the 10 km in 79 minutes.",
            "Chen has won 35.",
            "Alvarez ran 34 km in 10 minutes.",
        ),
    ),
    "grid": Named(
        "Source,Capacity (MW),Generation (GWh/year),CO2 (g/kWh)\nHydro,540,2100,24\nGas,1200,4800,490\nNuclear,900,7100,12\n",
        (
            "Gas has a capacity of 1,200 MW.",
            "Nuclear has a generation of 7,100 GWh per year.",
            "Hydro emits 24 g/kWh of CO2.",
            "Nuclear has the lowest CO2, 12 g/kWh.",
        ),
        (
            "Gas has a capacity of 1,200 MWh.",
            "Nuclear has a generation of 7,100 GWh per day.",
            "Nuclear has a generation of 7,100 GWh.",
            "Hydro has 24 g of CO2.",
            "Gas used 4,800 GWh.",
            "Hydro has CO2 of 2 g/kWh.",
        ),
    ),
    "tiers": Named(
        "Tier,Monthly fee (€),Seats,Uptime (%)\nBasic,19,5,99.5\nPro,49,25,99.9\nMax,129,100,99.95\n",
        (
            "The monthly fee of Pro is €49.",
            "Max has 100 seats.",
            "Basic has an uptime of 99.5 %.",
            "Pro has a total of 25 seats.",
        ),
        (
            "The monthly fee of Pro is €19.",
            "The annual fee of Pro is €49.",
            "Max has 100 seats per team.",
            "Max sold 100 seats.",
            "Pro refunds €49.",
            "Basic guarantees 99.5 % uptime in writing.",
        ),
    ),
    "doses": Named(
        'Country,Dose 1 (million),Dose 2 (million),"Deaths per 100,000"\nNorland,4.2,3.9,81\nEastmark,7.6,6.8,112\nSouthia,2.1,1.7,64\n',
        (
            "Norland gave 4.2 million of dose 1.",
            "Eastmark had 112 deaths per 100,000.",
            "Southia had the fewest deaths per 100,000, 64.",
            "Eastmark had 6.8 million in dose 2.",
        ),
        (
            "Norland gave 3.9 million of dose 1.",
            "Eastmark had 112 deaths.",
            "Eastmark had 112 deaths per 1,000.",
            "Norland gave 4.2 million of dose 3.",
            "Southia had the most deaths per 100,000.",
            "Southia had 64 births per 100,000.",
        ),
    ),
    "noise": Named(
        "Site,Day (dB),Night (dB),PM10 limit days\nBridge,68,61,12\nSquare,64,55,7\nStation,71,66,21\n",
        (
            "Station had 21 PM10 limit days.",
            "Bridge had 68 dB by day.",
            "Square had the fewest PM10 limit days, 7.",
            "Station had 66 dB at night.",
        ),
        (
            "Station had 10 PM10 limit days.",
            "Bridge had 61 dB by day.",
            "Station had 21 PM2.5 limit days.",
            "Square had the most PM10 limit days.",
            "Station banned 21 days.",
            "Square had 64 dB at night.",
        ),
    ),
    "beds": Named(
        "Clinic,Beds 2023,Beds 2024,ICU-2 beds,Waiting (weeks)\nOak,40,44,6,12\nElm,28,28,4,9\nAsh,35,31,8,15\n",
        (
            "Oak had 44 beds in 2024.",
            "Ash had 8 ICU-2 beds.",
            "Beds at Ash fell from 35 in 2023 to 31 in 2024.",
            "Ash had the longest waiting, 15 weeks.",
        ),
        (
            "Oak had 40 beds in 2024.",
            "Ash had 8 beds.",
            "Ash had 8 ICU-3 beds.",
            "Beds at Elm rose from 2023 to 2024.",
            "Oak closed 44 beds in 2024.",
            "Oak had 44 free beds in 2024.",
        ),
    ),
    "quarters": Named(
        "KPI,Q1 2024,Q2 2024,Q3 2024\nOrders,1200,1350,1290\nRefunds,48,61,39\nUsers,9800,10150,10400\n",
        (
            "In Q2 2024 there were 1,350 orders.",
            "Refunds fell from 61 in Q2 2024 to 39 in Q3 2024.",
            "Users were 9,800 in the first quarter of 2024.",
            "Orders were highest in Q2 2024.",
        ),
        (
            "In Q2 2023 there were 1,350 orders.",
            "In Q3 2024 there were 1,350 orders.",
            "Refunds fell from 48 in Q1 2024 to 39 in Q2 2024.",
            "Users were 9,800 in the first quarter of 2023.",
            "In Q2 2024 there were 1,350 orders a week.",
            "Orders were highest in Q3 2024.",
        ),
    ),
    "cars": Named(
        "Car,Use (l/100 km),CO2 (g/km),Price (k€)\nAero,5.2,121,24.5\nBolt,6.8,158,31.0\nCity,4.4,99,18.9\n",
        (
            "Aero has a use of 5.2 l/100 km.",
            "Bolt has CO2 of 158 g/km.",
            "City costs 18.9 thousand euros.",
            "City has the lowest CO2, 99 g/km.",
        ),
        (
            "Aero has a use of 5.2 l.",
            "Bolt has CO2 of 158 g.",
            "City costs 18.9 euros.",
            "Aero has a use of 100 l/100 km.",
            "Bolt has CO2 of 158 g/kWh.",
            "City saves 18.9 thousand euros.",
        ),
    ),
    "months of a year": Named(
        "Month,Visits,Sign-ups,Churn (%)\nJan-24,5200,140,2.1\nFeb-24,4900,155,1.9\nMar-24,6100,190,2.4\n",
        (
            "In January 2024 there were 5,200 visits.",
            "Mar-24 had the most visits, 6,100.",
            "In Feb-24 the churn was 1.9 %.",
            "Visits rose from 4,900 in Feb-24 to 6,100 in Mar-24.",
        ),
        (
            "In January 2023 there were 5,200 visits.",
            "In February 2024 there were 5,200 visits.",
            "In Feb-24 the churn was 24 %.",
            "In Jan-24 there were 5,200 visits a day.",
            "Feb-24 had the most visits.",
            "In Mar-24, 190 visits were made.",
        ),
    ),
    "lots": Named(
        "Lot,Size (m²),Rent (€/m²),Tenants\nA1,120,14.5,3\nA2,85,16.0,2\nB1,240,11.8,7\n",
        (
            "A1 has a size of 120 m².",
            "The rent of A2 is 16 €/m².",
            "B1 has 7 tenants.",
            "B1 has the lowest rent, €11.80 per square metre.",
        ),
        (
            "The rent of A2 is €16.",
            "A1 has a size of 120 m.",
            "The rent of A1 is 16 €/m².",
            "B1 evicted 7 tenants.",
            "B2 has 7 tenants.",
            "A1 has 1 tenants.",
        ),
    ),
}  # fmt: skip
