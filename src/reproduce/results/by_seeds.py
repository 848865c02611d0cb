"""A second look at a study's findings: Student's t-test, with one number for each seed.

The bootstrap of the plan (`measure.comparison`) draws seeds from those that there are. Where all of
them lie on one side of 0, nearly all draws do as well, whether they are three or thirty, and three
do so once in four where nothing differs. The t-test knows how little three numbers tell.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.special import stdtr, stdtrit

from reproduce.results.findings import Finding, Findings, corrected


def by_seeds(found: Findings) -> Findings:
    """Return the same findings with intervals, p-values and verdicts of the t-test.

    The p-values are corrected as the plan's are. With fewer than two seeds there is no interval,
    and what is unfinished stays so.
    """
    analysis = found.plan.analysis
    looked = [_look(one, analysis.confidence) for one in found.findings]
    return replace(found, findings=corrected(looked, analysis))


def _look(finding: Finding, confidence: float) -> Finding:
    """Put the t-test in the place of the bootstrap; what is unfinished counts as nothing found."""
    low, high, p = t_test(finding.compared.of_seeds, confidence)
    compared = replace(finding.compared, low=low, high=high, p=p)
    return replace(finding, compared=compared, p=1.0 if finding.verdict == "unfinished" else p)


def t_test(of_seeds: Mapping[int, float], confidence: float) -> tuple[float, float, float]:
    """Return the interval of a mean BD-rate over seeds, and the p-value for none.

    Parameters
    ----------
    of_seeds
        The mean BD-rate of each seed, in percent, above -100. Their logarithms are tested, as those
        of which `comparison.compare` takes the mean.
    confidence
        Of the interval, which is in percent too.

    Returns
    -------
    low, high, p
        NaN with fewer than two seeds.
    """
    values = np.log1p([percent / 100 for percent in of_seeds.values()])
    freedom = len(values) - 1
    if freedom < 1:
        return math.nan, math.nan, math.nan
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    margin = float(stdtrit(freedom, (1 + confidence) / 2)) * error
    # What scipy.stats.ttest_1samp computes, without scipy.stats, which takes a second to import.
    p = 2 * float(stdtr(freedom, -abs(mean) / error)) if error > 0 else float(mean == 0)
    return 100 * math.expm1(mean - margin), 100 * math.expm1(mean + margin), p
