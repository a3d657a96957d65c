"""Reference values of TestDriftsReference, by the standard library alone."""
import math
from statistics import NormalDist

N = NormalDist()
ALPHA, LOOKS = 0.025, 12


def t_tail(t, df):
    """P(T > t) for t >= 0 by Simpson's rule on the density, substituted to a finite range."""
    c = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    f = lambda x: c * (1 + x * x / df) ** (-(df + 1) / 2)
    n, total = 200000, 0.0
    # x = t + u/(1-u), u in [0, 1)
    for i in range(n + 1):
        u = i / n
        if u == 1:
            continue
        w = 1 if i == 0 else (4 if i % 2 else 2)
        total += w * f(t + u / (1 - u)) / (1 - u) ** 2
    return total / n / 3


def t_critical(z, df):
    low, high = 0.0, 100.0
    target = 1 - N.cdf(z)
    for _ in range(60):
        mid = (low + high) / 2
        low, high = (mid, high) if t_tail(mid, df) > target else (low, mid)
    return low


value = lambda i, r: (i * 7 + r * 3) % 5 / 4 - 0.5 - (0.25 if r == 3 else 0)
def window(s, k):
    """The mean, its clustered standard error and the degrees of freedom."""
    rounds = range(s, k + 1)
    w = 1 / (40 * len(rounds))
    mean = sum(w * value(i, r) for i in range(40) for r in rounds)
    groups = [sum(w * (value(i, r) - mean) for i in (2 * g, 2 * g + 1) for r in rounds) for g in range(20)]
    share = 1 / 20
    v = sum(g * g for g in groups) / (1 - 20 * share * share)
    return mean, math.sqrt(v), 20 - 1


def p(mean, se, df, side):
    x = side * mean / se
    return t_tail(x, df) if x >= 0 else 1 - t_tail(-x, df)


down = up = 1.0
for k in (1, 2, 3):
    starts = sorted({max(1, k - length + 1) for length in (1, 3, 6, 12)})
    for s in starts:
        m, se, df = window(s, k)
        weight = LOOKS * len(starts)
        down, up = min(down, weight * p(m, se, df, -1)), min(up, weight * p(m, se, df, 1))
m, se, df = window(3, 3)
half = t_critical(N.inv_cdf(1 - ALPHA / LOOKS / 2), df) * se
for name, x in dict(Change=m, SE=se, Low=m - half, High=m + half, Down=down, Up=up).items():
    print(f"wantDrift{name} = {x!r}")
