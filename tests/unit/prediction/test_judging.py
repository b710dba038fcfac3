import numpy as np
import pytest

from clf_core.evaluation.costs import Costs
from clf_core.evaluation.doubt import Rule
from clf_core.evaluation.unknown import References
from clf_core.prediction.judging import Judge, Judgement, most_probable
from clf_core.prediction.predictor import Predictor

RULE = Rule(Costs(), limit=0.3, named_from=0.2)
NOWHERE = np.zeros((1, 3), dtype=np.float32)


def judged(*probabilities: float, rule: Rule = RULE) -> Judgement:
    (judgement,) = Judge(rule).judge(NOWHERE, np.array([probabilities], dtype=np.float32))
    return judgement


def test_sure_pictures_are_answered():
    assert judged(0.1, 0.8, 0.1) == Judgement(1, "answer", ())


def test_unsure_pictures_get_the_classes_they_may_be():
    assert judged(0.1, 0.6, 0.3) == Judgement(1, "unsure", (1, 2))
    assert judged(0.35, 0.25, 0.4) == Judgement(2, "unsure", (2, 0, 1))
    assert judged(0.69, 0.16, 0.15) == Judgement(0, "unsure", (0, 1))  # two are named however improbable
    assert len(judged(0.2, 0.2, 0.2, 0.2, 0.2).candidates) == 3


def test_costs_move_the_answer_and_it_is_among_those_named():
    # Taking class 0 for any other counts ten times.
    careful = Rule(Costs(((0, 1, 10.0), (0, 2, 10.0), (0, 3, 10.0))), limit=0.5, named_from=0.2)
    assert judged(0.2, 0.79, 0.01, 0.0, rule=careful) == Judgement(0, "unsure", (1, 0))
    assert judged(0.6, 0.4, 0.0, 0.0, rule=careful) == Judgement(0, "answer", ())
    assert judged(0.15, 0.3, 0.29, 0.26, rule=careful) == Judgement(0, "unsure", (1, 2, 0))


def test_pictures_unlike_all_learned_from_get_no_class_however_sure():
    random = np.random.default_rng(0)
    learned = References.of(np.concatenate([random.normal(at, 0.1, (20, 3)) for at in ([9, 1, 1], [1, 9, 1])]))
    near, far = np.array([[9, 1, 1]], dtype=np.float32), np.array([[1, 1, 9]], dtype=np.float32)
    judge = Judge(RULE, learned, distance=0.3)
    sure = np.array([[0.99, 0.01, 0.0]] * 2, dtype=np.float32)
    assert [made.verdict for made in judge.judge(np.concatenate([near, far]), sure)] == ["answer", "unknown"]


def test_without_a_rule_the_most_probable_is_said():
    assert most_probable(np.array([[0.4, 0.6], [0.5, 0.5]], dtype=np.float32)) == [Judgement(1), Judgement(0)]


def test_one_picture_and_many_are_judged_alike(colours):
    judge = Judge(Rule(Costs(), limit=0.4, named_from=0.1))
    pictures = [
        colours.predictor.prepare(colours.png(*colour)) for colour in ((250, 0, 0), (120, 110, 100), (90, 100, 90))
    ]
    many = list(colours.predictor.judged(iter(pictures), judge))
    for picture, (probabilities, judgement) in zip(pictures, many, strict=True):
        answer = colours.predictor.answer(picture, judge)
        assert answer.label == ("red", "green", "blue")[judgement.said]
        assert answer.verdict == judgement.verdict
        assert len(answer.candidates) == len(judgement.candidates)
        assert answer.probability == pytest.approx(float(probabilities[judgement.said]), abs=1e-6)
    assert [judgement.verdict for _, judgement in many] == ["answer", "unsure", "unsure"]


def test_a_prediction_says_from_where_on_it_is_answered(colours):
    predictor: Predictor = colours.predictor
    data = colours.png(120, 110, 100)
    told = predictor.predict("a.png", data, Judge(Rule(Costs(), limit=0.4, named_from=0.1)))
    assert (told.verdict, told.judged, told.answers_from) == ("unsure", True, pytest.approx(0.6))
    assert told.candidates[0] == told.label == "red"
    priced = predictor.predict("a.png", data, Judge(Rule(Costs(((0, 1, 9.0),)), limit=9.0, named_from=0.1)))
    assert (priced.verdict, priced.answers_from) == ("answer", None)
    plain = predictor.predict("a.png", data)
    assert (plain.verdict, plain.judged, plain.candidates) == ("answer", False, ())
