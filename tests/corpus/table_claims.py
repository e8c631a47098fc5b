"""Tables as people write them, with sentences over them that are true or subtly false."""

# ruff: noqa: E501 -- a table or a sentence a line

import csv
import io
from typing import NamedTuple

from proofroom.domain.document import Cite
from proofroom.domain.evidence import (
    AnalysedPassage,
    Claim,
    ClaimText,
    Passage,
    analyse,
    check_cited,
    check_outside,
)
from proofroom.substrate.extracted import Limits
from proofroom.substrate.parsers.delimited import parse


class Said(NamedTuple):
    """A sentence over a table, and whether the table bears it out."""

    table: str
    text: str
    true: bool


TABLES = {
    "regions": "region,sales\nNorth,10\nSouth,20\nTotal,30\n",
    "units": "Region,Revenue (EUR k),Share [%]\nNorth,120.5,40.2\nSouth,179.5,59.8\n",
    "german": "Region;Umsatz in Mio. €;Anteil %\nNord;1.234,5;61,7\nSüd;765,5;38,3\nGesamt;2.000,0;100,0\n",
    "pp": "Segment,Margin 2024 (%),Δ vs 2023 (pp)\nRetail,12.4,1.3\nWholesale,8.1,-0.7\nOnline,15.0,n/a\n",
    "two lines": ",Sales,,Costs,\nRegion,2022,2023,2022,2023\nNorth,100,110,80,95\nSouth,200,190,150,140\n",
    "gaps": ",,Product,Units sold,Returns\n,,Chairs,412,12\n,,Tables,208,31\n,,Lamps,95,7\n",
    "notes": "Country,Sales¹,Staff²\nAustria,340,12\nGermany,910,31\nFrance,655,–\n",
    "grouped": 'City,Population\nVienna,"1,973,403"\nGraz,"303,270"\nLinz,"210,165"\n',
    "spaces": "City;Population\nVienna;1 973 403\nGraz;303 270\nLinz;210 165\n",
    "brackets": "Unit,Revenue ($m),Profit ($m)\nEnergy,540,(12.5)\nHealth,310,45.0\nMedia,88,–\n",
    "calls": "team,calls,avg_wait_s\nW1,466,31\nW2,310,28\nE3,195,44\nE4,207,39\n",
    "years": "Region,2021,2022,2023\nNorth,100,120,150\nSouth,200,180,90\nWest,50,55,60\n",
    "months": "month,visits\nJanuary,1200\nFebruary,900\nMarch,1800\n",
    "survey": "Answer,Respondents,Percent\nYes,130,52\nNo,90,36\nDon't know,30,12\nAll,250,100\n",
    "staff": "Department,Headcount,Average salary (k€)\nSales,40,52\nEngineering,85,71\nSupport,25,43\nAverage,50,55.3\n",
    "sub": "Area,Budget (EUR)\nRoads,400\nBridges,100\nSubtotal transport,500\nSchools,700\nNurseries,300\nSubtotal education,1000\nGrand total,1500\n",
    "unnamed total": "Plant,Output (t)\nAlpha,120\nBeta,80\nGamma,50\nGroup,250\n",
    "model": "Model,Accuracy (%),Latency (ms),Cost ($)\nA-1,91.2,120,0.40\nA-2,93.5,180,0.80\nB-7,88.0,60,0.10\n",
    "pop": "Region,Inhabitants\nNorth,1204567\nSouth,845120\nEast,402330\n",
    "trend": "Year,Tickets,Resolved\n2021,400,380\n2022,500,450\n2023,450,441\n",
    "stores": "Store,Revenue 2022 (k€),Revenue 2023 (k€),Visitors 2023\nVienna,1200,1380,40100\nGraz,800,760,21500\nLinz,640,700,18200\nTotal,2640,2840,79800\n",
    "energy": "year,wind_gwh,solar_gwh,coal_gwh\n2019,310,120,500\n2020,340,150,420\n2021,330,190,380\n2022,400,260,300\n",
    "trial": "Arm,Patients,Responders,Response rate (%)\nDrug,120,66,55.0\nPlacebo,118,30,25.4\n",
    "budget": "Item,Planned (EUR),Actual (EUR),Deviation (%)\nTravel,\"4,000\",\"5,200\",30.0\nPrint,\"2,500\",\"2,250\",-10.0\nVenue,\"9,000\",\"9,000\",0.0\n",
    "odd": "Team,Points,Games\nAll Blacks,30,10\nTotal Network,45,10\nSum 41,28,9\nRovers,20,9\n",
    "chance": "Item,Votes\nPear,1\nPlum,2\nFig,3\nApple,6\n",
    "wrong total": "Branch,Staff\nEast,40\nWest,35\nMid,20\nTotal,100\n",
    "stock": "Code,Name,Qty,Price (€)\nA100,Screw,5000,0.05\nB200,Hinge,320,2.40\nC300,Lock,85,19.90\n",
    "loss": "Division,Result (m€)\nAir,-14.2\nRail,8.9\nRoad,–\nSea,3.1\n",
    "rates": "Country;Unemployment rate (%);Inflation (%)\nSpain;12,1;3,4\nItaly;7,6;5,9\nGreece;11,0;4,2\n",
    "unit line": "Item,Weight,Price\n,kg,EUR\nBolt,0.5,2.40\nBeam,35,180\n",
}  # fmt: skip

HEADS: tuple[Said, ...] = (
    Said("units", "Revenue in the North was 120.5 thousand euros.", True),
    Said("units", "Revenue in the North was €120,500.", True),
    Said("units", "Revenue in the South came to EUR 179.5k.", True),
    Said("units", "The South has a share of 59.8 %.", True),
    Said("units", "Revenue in the North was 120.5 million euros.", False),
    Said("units", "Revenue in the North was 120.5 thousand dollars.", False),
    Said("units", "Revenue in the South was 120.5 thousand euros.", False),
    Said("units", "Revenue in the North was 40.2 thousand euros.", False),
    Said("units", "The North has a share of 59.8 %.", False),
    Said("units", "Revenue in the North was 120.5 euros.", False),
    Said("german", "Umsatz in Nord was 1,234.5 million euros.", True),
    Said("german", "Umsatz in Nord was 1.2345 billion euros.", True),
    Said("german", "Umsatz in Süd was €765.5 million.", True),
    Said("german", "Umsatz in Nord was 1,234.5 thousand euros.", False),
    Said("german", "Umsatz in Süd was 1,234.5 million euros.", False),
    Said("german", "Umsatz in Nord was 1.2345 million euros.", False),
    Said("pp", "The margin of Retail rose by 1.3 percentage points from 2023.", True),
    Said("pp", "The margin of Wholesale was 8.1 % in 2024.", True),
    Said("pp", "The margin of Wholesale fell by 0.7 percentage points against 2023.", True),
    Said("pp", "The margin of Wholesale rose by 0.7 percentage points against 2023.", False),
    Said("pp", "The margin of Retail rose by 1.3 % from 2023.", False),
    Said("pp", "The margin of Online was 12.4 % in 2024.", False),
    Said("pp", "The margin of Retail was 12.4 % in 2023.", False),
    Said("two lines", "Sales in the North were 110 in 2023.", True),
    Said("two lines", "Costs in the South were 150 in 2022.", True),
    Said("two lines", "Sales in the North were 95 in 2023.", False),
    Said("two lines", "Costs in the South were 140 in 2022.", False),
    Said("two lines", "Sales in the North were 100 in 2023.", False),
    Said("gaps", "Chairs had 412 units sold and 12 returns.", True),
    Said("gaps", "208 units of Tables were sold.", True),
    Said("gaps", "Chairs had 12 units sold and 412 returns.", False),
    Said("gaps", "208 units of Lamps were sold.", False),
    Said("notes", "Sales in Austria were 340.", True),
    Said("notes", "Germany had sales of 910 and a staff of 31.", True),
    Said("notes", "Sales in Austria were 910.", False),
    Said("notes", "France had a staff of 31.", False),
    Said("grouped", "Vienna has a population of 1,973,403.", True),
    Said("grouped", "Graz has a population of 303,270.", True),
    Said("grouped", "Graz has a population of 210,165.", False),
    Said("grouped", "Vienna has a population of 1,973.", False),
    Said("spaces", "Vienna has a population of 1,973,403.", True),
    Said("spaces", "Linz has a population of 210 165.", True),
    Said("spaces", "Linz has a population of 303 270.", False),
    Said("brackets", "Energy made a loss of $12.5 million.", True),
    Said("brackets", "The profit of Energy was -$12.5 million.", True),
    Said("brackets", "The profit of Health was $45 million.", True),
    Said("brackets", "The profit of Energy was $12.5 million.", False),
    Said("brackets", "The profit of Health was $45 thousand.", False),
    Said("brackets", "The profit of Media was $88 million.", False),
    Said("unit line", "A Bolt has a weight of 0.5 kg.", True),
    Said("unit line", "The price of a Beam is EUR 180.", True),
    Said("unit line", "A Beam has a weight of 35 t.", False),
    Said("unit line", "The price of a Bolt is EUR 0.5.", False),
)

LISTS: tuple[Said, ...] = (
    Said("calls", "W1 had 466 calls, E3 had 195.", True),
    Said("calls", "W1 had 195 calls, E3 had 466.", False),
    Said("calls", "Calls by team: W1 (466), W2 (310) and E3 (195).", True),
    Said("calls", "Calls by team: W1 (310), W2 (466) and E3 (195).", False),
    Said("calls", "W1 and E3 had 466 and 195 calls respectively.", True),
    Said("calls", "W1 and E3 had 195 and 466 calls respectively.", False),
    Said("calls", "W1, W2 and E4 had 466, 310 and 207 calls, respectively.", True),
    Said("calls", "W1, W2 and E4 had 466, 207 and 310 calls, respectively.", False),
    Said("calls", "The most calls came from W1 (466), followed by W2 (310).", True),
    Said("calls", "The most calls came from W2 (310), followed by W1 (466).", False),
    Said("calls", "W1 took 466 calls with an average wait of 31 seconds.", True),
    Said("calls", "W1 took 466 calls with an average wait of 28 seconds.", False),
    Said("regions", "The North sold 10 and the South 20.", True),
    Said("regions", "The North sold 20 and the South 10.", False),
    Said("gaps", "Units sold: Chairs 412, Tables 208, Lamps 95.", True),
    Said("gaps", "Units sold: Chairs 412, Tables 95, Lamps 208.", False),
    Said("calls", "W1 had more calls (466) than W2 (310).", True),
    Said("calls", "W2 had more calls (310) than W1 (466).", False),
    Said("years", "In the North, sales went from 100 in 2021 to 150 in 2023.", True),
    Said("years", "In the North, sales went from 150 in 2021 to 100 in 2023.", False),
)

TOTALS: tuple[Said, ...] = (
    Said("regions", "The South has the largest share of sales, 66.7 %.", True),
    Said("regions", "Of sales, Total has the largest share, 50 %.", False),
    Said("regions", "Total has the largest share of sales.", False),
    Said("regions", "The South accounts for 33.3 % of sales.", False),
    Said("regions", "The South accounts for two thirds of sales.", True),
    Said("regions", "Sales came to 30 in total.", True),
    Said("regions", "Sales came to 60 in total.", False),
    Said("regions", "The South had the highest sales.", True),
    Said("regions", "The highest sales were 30.", False),
    Said("regions", "On average, the regions had sales of 15.", True),
    Said("regions", "On average, the regions had sales of 20.", False),
    Said("regions", "There are three regions.", False),
    Said("regions", "There are two regions.", True),
    Said("sub", "Schools have the largest budget.", True),
    Said("sub", "The Subtotal education has the largest budget.", False),
    Said("sub", "The budget comes to EUR 1,500 in total.", True),
    Said("sub", "The budget comes to EUR 4,500 in total.", False),
    Said("sub", "Schools account for 46.7 % of the budget.", True),
    Said("sub", "Schools account for 15.6 % of the budget.", False),
    Said("unnamed total", "Alpha has the largest output.", True),
    Said("unnamed total", "Group has the largest output.", False),
    Said("unnamed total", "Alpha makes 48 % of the output.", True),
    Said("unnamed total", "Alpha makes 24 % of the output.", False),
    Said("staff", "Engineering has the highest headcount, 85.", True),
    Said("staff", "The total headcount is 150.", True),
    Said("staff", "The total headcount is 200.", False),
    Said("survey", "Yes was the most frequent answer, with 130 respondents.", True),
    Said("survey", "The survey had 250 respondents.", True),
    Said("survey", "The survey had 500 respondents.", False),
    Said("survey", "More than half of the respondents said Yes.", True),
    Said("survey", "More than half of the respondents said No.", False),
)

ANALYST: tuple[Said, ...] = (
    Said("calls", "W1 took 39.6 % of the calls.", True),
    Said("calls", "W1 took 49.6 % of the calls.", False),
    Said("calls", "Together the teams took 1,178 calls.", True),
    Said("calls", "Together the teams took 1,278 calls.", False),
    Said("calls", "W1 took 156 more calls than W2.", True),
    Said("calls", "W2 took 156 more calls than W1.", False),
    Said("calls", "W1 took 166 more calls than W2.", False),
    Said("calls", "W1 took twice as many calls as E3.", False),
    Said("calls", "W1 took more than twice as many calls as E3.", True),
    Said("calls", "E3 had the fewest calls.", True),
    Said("calls", "E4 had the fewest calls.", False),
    Said("calls", "W2 had the second most calls.", True),
    Said("calls", "E4 had the second most calls.", False),
    Said("calls", "E3 had the longest average wait, 44 seconds.", True),
    Said("calls", "W1 had the longest average wait.", False),
    Said("calls", "Two teams took more than 300 calls.", True),
    Said("calls", "Three teams took more than 300 calls.", False),
    Said("calls", "The median number of calls is 258.5.", True),
    Said("calls", "The median number of calls is 310.", False),
    Said("calls", "The average number of calls per team was 294.5.", True),
    Said("calls", "The average number of calls per team was 310.", False),
    Said("years", "Sales in the North rose by 25 % from 2022 to 2023.", True),
    Said("years", "Sales in the North rose by 20 % from 2022 to 2023.", False),
    Said("years", "Sales in the South halved from 2022 to 2023.", True),
    Said("years", "Sales in the South fell by 90 from 2022 to 2023.", True),
    Said("years", "Sales in the South rose by 90 from 2022 to 2023.", False),
    Said("years", "In 2023 the North had the highest figure, 150.", True),
    Said("years", "In 2023 the South had the highest figure.", False),
    Said("years", "The South fell from 180 in 2022 to 90 in 2023.", True),
    Said("years", "The South fell from 200 in 2022 to 90 in 2023.", False),
    Said("years", "In 2023 the North made up half of the total.", True),
    Said("years", "In 2023 the South made up half of the total.", False),
    Said("years", "West had 60 in 2022.", False),
    Said("years", "West had 55 in 2022.", True),
    Said("months", "Visits doubled from February to March.", True),
    Said("months", "Visits doubled from January to March.", False),
    Said("months", "March had the most visits, 1,800.", True),
    Said("months", "February had the most visits.", False),
    Said("months", "There were 3,900 visits in all.", True),
    Said("months", "There were 3,800 visits in all.", False),
    Said("pop", "The North has about 1.2 million inhabitants.", True),
    Said("pop", "The North has about 1.3 million inhabitants.", False),
    Said("pop", "The South has about 1.2 million inhabitants.", False),
    Said("pop", "The East has roughly 400,000 inhabitants.", True),
    Said("pop", "Nearly half of the inhabitants live in the North.", True),
    Said("pop", "More than half of the inhabitants live in the North.", False),
    Said("pop", "The North has three times as many inhabitants as the East.", False),
    Said("pop", "The North has about three times as many inhabitants as the East.", True),
    Said("model", "A-2 has the highest accuracy, 93.5 %, and the highest cost.", True),
    Said("model", "A-1 has the highest accuracy.", False),
    Said("model", "B-7 is the cheapest at $0.10.", True),
    Said("model", "A-2 is 2.3 percentage points more accurate than A-1.", True),
    Said("model", "A-2 is 2.3 % more accurate than A-1.", False),
    Said("model", "B-7 has a latency of 120 ms.", False),
    Said("model", "B-7 has half the latency of A-1.", True),
    Said("model", "A-2 has half the latency of A-1.", False),
    Said("trend", "Tickets fell by 10 % in 2023.", True),
    Said("trend", "Tickets rose by 10 % in 2023.", False),
    Said("trend", "In 2022, 90 % of tickets were resolved.", True),
    Said("trend", "In 2022, 95 % of tickets were resolved.", False),
    Said("trend", "Resolved came to 441 in 2023, down from 450.", True),
    Said("trend", "Resolved came to 450 in 2023.", False),
)

FURTHER: tuple[Said, ...] = (
    Said("stores", "Vienna had revenue of €1.38 million in 2023.", True),
    Said("stores", "Vienna had revenue of €1.2 million in 2023.", False),
    Said("stores", "Revenue in Graz fell from €800,000 in 2022 to €760,000 in 2023.", True),
    Said("stores", "Revenue in Graz rose from €760,000 in 2022 to €800,000 in 2023.", False),
    Said("stores", "Revenue in Vienna rose by 15 % from 2022 to 2023.", True),
    Said("stores", "Revenue in Vienna rose by 13 % from 2022 to 2023.", False),
    Said("stores", "In 2023 total revenue was €2.84 million.", True),
    Said("stores", "In 2023 total revenue was €5.68 million.", False),
    Said("stores", "In 2022 total revenue was €2.84 million.", False),
    Said("stores", "Linz had the lowest revenue in 2023.", True),
    Said("stores", "Linz had the lowest revenue in 2022, €700,000.", False),
    Said("stores", "Vienna accounted for 48.6 % of revenue in 2023.", True),
    Said("stores", "Vienna accounted for 24.3 % of revenue in 2023.", False),
    Said("stores", "Graz and Linz had 21,500 and 18,200 visitors in 2023, respectively.", True),
    Said("stores", "Graz and Linz had 18,200 and 21,500 visitors in 2023, respectively.", False),
    Said("stores", "Graz had 21,500 visitors in 2022.", False),
    Said("stores", "Vienna had more than 40,000 visitors in 2023.", True),
    Said("stores", "Vienna had more than 41,000 visitors in 2023.", False),
    Said("stores", "Vienna had at most 40,000 visitors in 2023.", False),
    Said("stores", "Vienna did not have 40,100 visitors in 2023.", False),
    Said("stores", "All stores but Graz had higher revenue in 2023 than in 2022.", True),
    Said("stores", "All stores had higher revenue in 2023 than in 2022.", False),
    Said("energy", "Wind reached 400 GWh in 2022.", True),
    Said("energy", "Wind reached 400 MWh in 2022.", False),
    Said("energy", "Solar reached 400 GWh in 2022.", False),
    Said("energy", "Coal fell by 40 % from 2019 to 2022.", True),
    Said("energy", "Coal fell by 60 % from 2019 to 2022.", False),
    Said("energy", "Solar more than doubled from 2019 to 2022.", True),
    Said("energy", "Wind more than doubled from 2019 to 2022.", False),
    Said("energy", "In 2022, wind was higher than coal.", True),
    Said("energy", "In 2021, wind was higher than coal.", False),
    Said("energy", "Wind rose every year.", False),
    Said("energy", "Coal was highest in 2019.", True),
    Said("energy", "Coal was highest in 2022.", False),
    Said("energy", "Over the four years, wind averaged 345 GWh.", True),
    Said("energy", "Over the four years, wind averaged 400 GWh.", False),
    Said("trial", "The response rate was 55 % with the Drug and 25.4 % with Placebo.", True),
    Said("trial", "The response rate was 25.4 % with the Drug and 55 % with Placebo.", False),
    Said("trial", "66 of 120 patients on the Drug were responders.", True),
    Said("trial", "66 of 118 patients on the Drug were responders.", False),
    Said("trial", "The Drug more than doubled the response rate of Placebo.", True),
    Said("trial", "The Placebo had 118 patients and 30 responders.", True),
    Said("trial", "The Placebo had 30 patients and 118 responders.", False),
    Said("trial", "There were 238 patients in total.", True),
    Said("trial", "There were 236 patients in total.", False),
    Said("trial", "The total response rate was 80.4 %.", False),
    Said("budget", "Travel cost 30 % more than planned.", True),
    Said("budget", "Actual spending on Travel was EUR 5,200.", True),
    Said("budget", "Actual Travel was EUR 5,200, planned EUR 4,000.", True),
    Said("budget", "Actual Travel was EUR 4,000, planned EUR 5,200.", False),
    Said("budget", "The actual total was EUR 16,450.", True),
    Said("budget", "The actual total was EUR 15,500.", False),
    Said("budget", "The deviation of Print was -10 %.", True),
    Said("budget", "The deviation of Print was 10 %.", False),
    Said("budget", "The deviation of Travel was -30 %.", False),
    Said("odd", "Total Network has the most points, 45.", False),
    Said("odd", "All Blacks has the most points, 30.", False),
    Said("odd", "All Blacks has 30 points from 10 games.", True),
    Said("odd", "The points come to 123 in total.", False),
    Said("odd", "The points come to 78 in total.", False),
    Said("odd", "The average number of points is 26.", False),
    Said("chance", "Apple has the most votes, 6.", False),
    Said("chance", "Fig has the most votes, 3.", False),
    Said("chance", "Apple has half of the votes.", False),
    Said("chance", "The votes come to 6 in total.", False),
    Said("wrong total", "The branches have a total staff of 100.", False),
    Said("wrong total", "East has 42.1 % of the staff.", False),
    Said("wrong total", "East has 40 staff.", True),
    Said("wrong total", "East has the largest staff.", True),
    Said("stock", "The Lock is the most expensive at €19.90.", True),
    Said("stock", "The Hinge is the most expensive at €19.90.", False),
    Said("stock", "The Hinge has a price of €2.40 and a quantity of 320.", True),
    Said("stock", "The Hinge has a price of €320 and a quantity of 2.40.", False),
    Said("stock", "A100 has a price of €0.05.", True),
    Said("stock", "A100 has a price of €2.40.", False),
    Said("stock", "A100 has a price of 0.05 cents.", False),
    Said("loss", "Air had a result of -€14.2 million.", True),
    Said("loss", "Air had a loss of €14.2 million.", True),
    Said("loss", "Air had a result of €14.2 million.", False),
    Said("loss", "Rail had a loss of €8.9 million.", False),
    Said("loss", "Rail had the highest result.", True),
    Said("loss", "Air had the highest result.", False),
    Said("loss", "The result of Road was zero.", False),
    Said("loss", "Rail had a result 5.8 million euros higher than Sea.", True),
    Said("rates", "Spain has the highest unemployment rate, 12.1 %.", True),
    Said("rates", "Spain has the highest inflation, 3.4 %.", False),
    Said("rates", "Inflation in Italy was 5.9 %.", True),
    Said("rates", "Inflation in Italy was 7.6 %.", False),
    Said("rates", "The unemployment rate in Spain is 4.5 percentage points higher than in Italy.", True),
    Said("rates", "The unemployment rate in Spain is 4.5 % higher than in Italy.", False),
    Said("rates", "Spain accounts for 39.4 % of unemployment.", False),
    Said("rates", "Unemployment is 12.1 million in Spain.", False),
    Said("rates", "Greece has inflation of about 4 %.", True),
    Said("rates", "Greece has inflation of about 5 %.", False),
    Said("months", "Visits fell from 1,200 in January to 900 in February.", True),
    Said("months", "Visits fell from 1,800 in January to 900 in February.", False),
    Said("months", "On average there were 1,300 visits per month.", True),
    Said("months", "On average there were 1,800 visits per month.", False),
    Said("calls", "W1 and W2 together took 776 calls.", True),
    Said("calls", "W1 and W2 together took 466 calls.", False),
    Said("calls", "W1 and W2 each took 466 calls.", False),
    Said("calls", "Only W1 took more than 400 calls.", True),
    Said("calls", "Only W2 took more than 300 calls.", False),
    Said("calls", "W1, the largest team, took 466 calls.", True),
    Said("calls", "W2, the largest team, took 310 calls.", False),
    Said("calls", "W1 took 466 calls, more than any other team.", True),
    Said("calls", "W2 took 310 calls, more than any other team.", False),
    Said("calls", "W1 lost 466 calls.", False),
    Said("calls", "W1 took 466 calls per day.", False),
    Said("calls", "W1 will take 466 calls.", False),
    Said("calls", "W1 took 466 complaints.", False),
    Said("calls", "W5 took 466 calls.", False),
    Said("calls", "If W1 took 466 calls, E3 took 195.", False),
    Said("calls", "Fewer than half of the calls went to W1.", True),
    Said("calls", "A quarter of the calls went to W1.", False),
    Said("calls", "W1 took 466 calls, W2 310, E3 207 and E4 195.", False),
    Said("calls", "W1 took 466 calls, W2 310, E4 207 and E3 195.", True),
    Said("calls", "The range is from 195 (E3) to 466 (W1).", True),
    Said("calls", "The range is from 195 (E4) to 466 (W1).", False),
    Said("pop", "The North has 1,204,567 inhabitants, the South 845,120 and the East 402,330.", True),
    Said("pop", "The North has 1,204,567 inhabitants, the South 402,330 and the East 845,120.", False),
    Said("pop", "The North is 42.5 % larger than the South.", True),
    Said("pop", "The North has 42.5 % more inhabitants than the South.", True),
    Said("pop", "The North has 29.8 % more inhabitants than the South.", False),
    Said("pop", "The East has a third as many inhabitants as the North.", False),
    Said("pop", "The East has about a third as many inhabitants as the North.", True),
    Said("pop", "The three regions have 2.45 million inhabitants in total.", False),
    Said("pop", "The three regions have about 2.45 million inhabitants in total.", True),
    Said("pop", "The four regions have about 2.45 million inhabitants in total.", False),
)

ALL = {"heads": HEADS, "lists": LISTS, "totals": TOTALS, "analyst": ANALYST, "further": FURTHER}


TITLES = {"years": "Sales by region"}


def captured(table: str, delimiter: str = "") -> list[AnalysedPassage]:
    """The blocks of a table as its capture makes them: rows with their cells, and what stands above. With a delimiter
    its fields are written apart by that.
    """
    text = TABLES[table]
    if delimiter:
        out_of = ";" if ";" in text else ","
        text = "".join(delimiter.join(row) + "\n" for row in csv.reader(io.StringIO(text), delimiter=out_of))
    extracted = parse(text, name=table, limits=Limits(), extension="tsv" if delimiter == "\t" else "csv")
    (found,) = extracted.tables
    out: list[Passage] = []
    for i, block in enumerate(extracted.blocks):
        cells: tuple[tuple[str, str], ...] = ()
        if block.kind == "table_row":
            cells = tuple(zip(found.columns, found.rows[int(block.meta["row"])], strict=True))
        said = extracted.text[block.char_start : block.char_end]
        title = TITLES.get(table, table)
        out.append(
            Passage(table, 1, f"{table}{i}", title, None, block.char_start, block.char_end, said, block.kind, cells)
        )  # fmt: skip
    return [analyse(p) for p in out]


def judged(said: Said, delimiter: str = "") -> Claim:
    """A sentence of a draft against all rows of a table."""
    passages = captured(said.table, delimiter)
    rows = [p for p in passages if p.passage.kind == "table_row"]
    text = said.text
    return check_outside(ClaimText("c", 1, text, "sentence", (0,), 0, len(text)), passages, (), rows)


def cited(said: Said, delimiter: str = "") -> Claim:
    """The same sentence of a report that cites every row of the table."""
    passages = captured(said.table, delimiter)
    rows = [p for p in passages if p.passage.kind == "table_row"]
    text = said.text
    cites = tuple(Cite(p.passage.block_id, p.passage.text, len(text)) for p in rows)
    claim = ClaimText("c", 1, text, "sentence", (0,), 0, len(text), cites=cites)
    return check_cited(claim, {p.passage.block_id: p for p in rows}, rows)
