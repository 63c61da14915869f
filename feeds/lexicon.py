"""What words mean in a financial headline, on VADER's scale of -4 to +4.

Our own list, weighted by hand. VADER was made for social media: to it "shares" is praise,
"crude" an insult and a bankruptcy nothing at all.
"""

from __future__ import annotations

from collections.abc import Collection

from feeds.phrases import TOKENS

_WEIGHTED = {
    3.0: "skyrocket skyrockets skyrocketed skyrocketing blowout",
    2.5: """
        soar soars soared soaring surge surges surged surging rocket rockets rocketed
        outperform outperforms outperformed outperforming blockbuster breakthrough""",
    2.0: """
        jump jumps jumped jumping rally rallies rallied rallying spike spikes spiked
        beat beats beating tops topped topping exceed exceeds exceeded exceeding
        upgrade upgrades upgraded bullish upbeat record stellar robust
        boom booms booming accretive rebound rebounds rebounded rebounding
        approve approves approved approval profitable profitability""",
    1.5: """
        gain gains gained gaining rise rises rose rising climb climbs climbed climbing
        advance advances advanced grow grows grew growing growth accelerate accelerates
        accelerated accelerating strong stronger strongest strength expand expands expanded
        expansion recover recovers recovered recovery improve improves improved win wins won
        double doubles doubled triple triples tripled outpace outpaces outpaced overweight
        buyback buybacks award awarded awards milestone momentum reinstates resumes""",
    1.0: """
        higher up increase increases increased increasing boost boosts boosted
        lift lifts lifted hike hikes hiked edge edges secure secures secured solid
        partnership synergies acquires acquire unveils clears cleared settles
        resilient optimistic optimism efficient oversubscribed reaffirms""",
    -1.0: """
        lower down decrease decreases decreased decreasing cut cuts cutting trim trims trimmed
        slow slows slowed slowing slower cautious concern concerns concerned pressure pressured
        delay delays delayed postpone postpones postponed uncertain uncertainty soft softer
        softness headwind headwinds muted tepid sluggish departs departure overvalued
        tariff tariffs strike strikes flat stalls stalled underwhelms underwhelming""",
    -1.5: """
        fall falls fell falling drop drops dropped dropping decline declines declined declining
        slip slips slipped slide slides slid sliding dip dips dipped retreat retreats retreated
        loss losses weak weaker weakest weakness shrink shrinks shrank shrinking
        underperform underperforms underperformed underweight warn warns warned warning warnings
        shortage shortages shortfall outage outages layoff layoffs dilution dilutive
        resign resigns resigned resignation ousted scrutiny glitch selloff sell-off
        writedown write-down writeoff write-off impairment impairments oversupply glut
        recalled recall recalls penalty penalties fined withdraws withdrew withdrawn""",
    -2.0: """
        miss misses missed missing slump slumps slumped slumping sink sinks sank sinking
        downgrade downgrades downgraded bearish lawsuit lawsuits sue sues sued subpoena
        subpoenaed probe probes probed investigate investigates investigated investigation
        investigations slash slashes slashed slashing reject rejects rejected rejection halt
        halts halted suspend suspends suspended breach breached breaches hack hacked hackers
        cyberattack ransomware restate restates restated restatement disappoint disappoints
        disappointed disappointing antitrust sanction sanctions sanctioned whistleblower
        terminate terminates terminated scrap scraps scrapped junk""",
    -2.5: """
        plunge plunges plunged plunging tumble tumbles tumbled tumbling plummet plummets
        plummeted plummeting crash crashes crashed crashing nosedive nosedives nosedived crater
        craters cratered collapse collapses collapsed collapsing delist delists delisted
        delisting indict indicted indictment default defaults defaulted misconduct""",
    -3.0: """
        fraud fraudulent bankrupt bankruptcy insolvent insolvency embezzlement liquidation
        liquidate liquidates ponzi worthless""",
}  # fmt: skip

WORDS: dict[str, float] = {
    word: weight for weight, words in _WEIGHTED.items() for word in words.split()
}

# Words that VADER weighs and that say nothing here: parts of the trade, and of companies' names.
_NEUTRAL = """
    justice profit profits straight share shares interest interests gross tax taxes vice crude
    debt capital credit credits equity
    security securities trust value values asset assets liability liabilities demand demands gas
    energy natural united grand best super clean novel active mature limited care heart cancer
    tumor tumors disease disorder pain death dead kill kills virus fire war weapon weapons gun
    defense defence block matter matters number play party game fun love friend friends fine
    like well please kind dear cool pretty special outstanding exclusive free safe bright
    intelligence intelligent smart creative alert ready chance hope treasure liberty freedom
    champion hero marvel paradise dream dreams noble honor glory diamond rich fresh low lowest top
    sharp sharply agreement agree agrees agreed engages engagement commitment focused no yes
    leading certain emergency critical reward rewards charge charges alphabet want wants
    advanced amazon beauty comfort dynamics entertainment fair kinder solutions waste wells"""

# What VADER is given: words, silenced words, and the tokens that stand for phrases.
OVERLAY: dict[str, float] = dict.fromkeys(_NEUTRAL.split(), 0.0) | WORDS | TOKENS


def direction(words: Collection[str]) -> int:
    """Return +1, 0 or -1: which way these words (lower case) point together."""
    total = sum(WORDS.get(word, 0.0) for word in sorted(words))
    return (total > 0) - (total < 0)
