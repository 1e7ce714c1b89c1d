#!/usr/bin/env python3
"""Compares win rates and ratings with the packages that are known for them.

    pip install alpaca_eval==0.6.6 choix==0.4.1 scikit-learn scipy pandas patsy
    python Tests/Scripts/check_ratings.py FOLDER [ANNOTATIONS.json]

FOLDER gets the comparisons: 805 of two models with preferences from 1 to 2, and 4,000 of seven models with draws.
ANNOTATIONS.json is a file of results of the repository of alpaca_eval, whose comparisons are taken in the place
of the 805. Compared are:

  - win rate, standard error, wins and draws with get_winrate of alpaca_eval;
  - the length-controlled win rate with its regression, by the formulas length_controlled_minimal and, with the
    difficulties of the prompts, length_controlled_noreg;
  - Elo with the formula computed here, number by number;
  - Bradley-Terry with choix, and with L-BFGS on the loss as FastChat minimises it.

Exit code 1: a win rate or its error differs by more than 1e-9, a length-controlled rate by more than 0.01 per
cent (liblinear ends a little early, and deals the parts in the order that NumPy sorts equal numbers), an Elo
rating at all, a rating of Bradley-Terry by more than 1e-3.
"""

import json
import math
import pathlib
import random
import subprocess
import sys

import choix
import numpy
import pandas
from alpaca_eval.metrics import glm_winrate, winrate
from scipy.optimize import minimize
from scipy.special import expit

PROGRAM = str(pathlib.Path(__file__).parents[2] / ".build/release/swift-llm-train")


def last_object(*arguments):
    result = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    if result.returncode:
        sys.exit(f"{arguments}: {result.stdout[-500:]} {result.stderr[-500:]}")
    return json.loads(result.stdout.splitlines()[-1])


def stored_pairs():
    """The judge likes the candidate a little less, longer answers more, and some prompts are hard."""
    draw = random.Random(1)
    pairs = []
    for number in range(805):
        lengths = [int(draw.lognormvariate(6, 0.5)), int(draw.lognormvariate(6.2, 0.6))]
        difficulty = draw.gauss(0, 1)
        score = -0.3 + 1.2 * math.tanh((lengths[1] - lengths[0]) / 400) - 0.5 * difficulty + draw.gauss(0, 2)
        preference = 1 + 1 / (1 + math.exp(-2 * score))
        if number % 40 == 0:
            preference = 1.5
        pairs.append({
            "instruction": f"instruction {number}", "output_1": "\u00e9" * lengths[0], "generator_1": "base",
            "output_2": "x" * lengths[1], "generator_2": "tuned", "preference": preference,
            "instruction_difficulty": difficulty, "index": number, "annotator": "judge"})
    return pairs


def stored_matches():
    """As ratings of the chat page; no model wins everything."""
    draw = random.Random(2)
    strengths = {f"model-{n}": 0.4 * n for n in range(7)}
    lines = []
    for number in range(4000):
        a, b = draw.sample(sorted(strengths), 2)
        rating = "a" if draw.random() < 1 / (1 + math.exp(strengths[b] - strengths[a])) else "b"
        if draw.random() < 0.2:
            rating = draw.choice(["tie", "both_bad"])
        lines.append({
            "messages": [{"role": "user", "content": f"question {number}"}],
            "a": {"model": a, "adapter": None, "text": "yes"},
            "b": {"model": b, "adapter": None, "text": "no"}, "rating": rating})
    return lines


def elo(lines):
    ratings, alpha = {}, math.log(10.0) / 400
    for line in lines:
        a, b = line["a"]["model"], line["b"]["model"]
        for model in (a, b):
            ratings.setdefault(model, 1000.0)
        expected = 1 / (1 + math.exp(alpha * (ratings[b] - ratings[a])))
        change = 4.0 * ({"a": 1.0, "b": 0.0}.get(line["rating"], 0.5) - expected)
        ratings[a] += change
        ratings[b] -= change
    return ratings


def bradley_terry(lines):
    """The ratings by choix and by L-BFGS; a draw is a win and a loss, each of half the weight."""
    models = sorted({line[side]["model"] for line in lines for side in "ab"})
    place = {model: number for number, model in enumerate(models)}
    wins, pairs, outcomes = [], [], []
    for line in lines:
        a, b = place[line["a"]["model"]], place[line["b"]["model"]]
        outcome = {"a": 1.0, "b": 0.0}.get(line["rating"], 0.5)
        wins += [(a, b)] * int(2 * outcome) + [(b, a)] * int(2 - 2 * outcome)
        pairs.append((a, b))
        outcomes.append(outcome)
    pairs, outcomes = numpy.array(pairs), numpy.array(outcomes)

    def loss(x):
        p = expit(x[pairs[:, 0]] - x[pairs[:, 1]])
        value = -(outcomes * numpy.log(p) + (1 - outcomes) * numpy.log(1 - p)).sum()
        slope = numpy.zeros(len(models))
        numpy.add.at(slope, pairs[:, 0], p - outcomes)
        numpy.add.at(slope, pairs[:, 1], outcomes - p)
        return value, slope

    # The tolerances of FastChat end the search early; the minimum is the same.
    ours = minimize(loss, numpy.zeros(len(models)), jac=True, method="L-BFGS-B",
                    options={"gtol": 1e-10, "ftol": 1e-15, "maxiter": 1000}).x
    theirs = choix.ilsr_pairwise(len(models), wins, alpha=0, tol=1e-12)
    scaled = [1000 + 400 / math.log(10) * (x - x.mean()) for x in (theirs, ours)]
    return [dict(zip(models, values)) for values in scaled]


def length_controlled(pairs, with_difficulty):
    """What the regression of alpaca_eval says of the features that its formulas name."""
    frame = pandas.DataFrame(pairs)
    delta = frame["output_1"].str.len() - frame["output_2"].str.len()
    data = pandas.DataFrame({"length": numpy.tanh(delta / delta.std())})
    if with_difficulty:
        data["difficulty"] = frame["instruction_difficulty"]
    data["constant"] = 1.0
    at_equal = data.assign(length=0.0)
    data["preference"] = frame["preference"].astype(float).replace({0.0: 1.5}) - 1
    model = glm_winrate.fit_LogisticRegressionCV(data, "preference", is_ytrue_proba=True, n_splits=5)
    return 100 * model.predict_proba(at_equal)[:, 1].mean()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    pairs = json.loads(pathlib.Path(sys.argv[2]).read_text()) if len(sys.argv) > 2 else stored_pairs()
    matches = stored_matches()
    names = pairs[0]["generator_2"], pairs[0]["generator_1"]
    failed = []

    def compare(what, found, wanted, limit):
        difference = abs(found - wanted)
        print(f"{what}: {found:.12g}, theirs {wanted:.12g}, apart {difference:.2g}")
        if not difference <= limit:
            failed.append(what)

    for with_difficulty in (False, True):
        if with_difficulty and "instruction_difficulty" not in pairs[0]:
            continue
        shown = [pair if with_difficulty else {k: v for k, v in pair.items() if k != "instruction_difficulty"}
                 for pair in pairs]
        (folder / "pairs.json").write_text(json.dumps(shown))
        ours = last_object("evaluate", "--pairwise", *names, "--ratings", folder / "pairs.json")
        theirs = winrate.get_winrate(pairs)
        for mine, other in [("win_rate", "win_rate"), ("standard_error", "standard_error"),
                            ("discrete_win_rate", "discrete_win_rate"), ("wins", "n_wins"),
                            ("losses", "n_wins_base"), ("draws", "n_draws")]:
            compare(mine, ours[mine], float(theirs[other]), 1e-9)
        compare("length_controlled_win_rate" + (" with difficulties" if with_difficulty else ""),
                ours["length_controlled_win_rate"], length_controlled(pairs, with_difficulty), 0.01)

    (folder / "ratings.jsonl").write_text("".join(json.dumps(line) + "\n" for line in matches))
    table = {row["model"]: row for row in last_object("ratings", folder / "ratings.jsonl")["models"]}
    by_choix, by_loss = bradley_terry(matches)
    for model, wanted in elo(matches).items():
        compare(f"Elo of {model}", table[model]["elo"]["rating"], wanted, 0)
        compare(f"Bradley-Terry of {model}, choix", table[model]["bradley_terry"]["rating"], by_choix[model], 1e-3)
        compare(f"Bradley-Terry of {model}, L-BFGS", table[model]["bradley_terry"]["rating"], by_loss[model], 1e-3)
    sys.exit(f"not equal: {', '.join(failed)}" if failed else 0)


main()
