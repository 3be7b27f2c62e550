from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from nlpsuite.tasks import ngram_fit
from nlpsuite.tasks.ngram_fit import FOLDS, STRENGTH, fit_ngrams
from nlpsuite.tasks.ngram_scores import NgramScores
from nlpsuite.tasks.ngrams import ngram_bag, ngrams

TOPICS = {
    "tea": "kettle leaf cup steep pot brew green black",
    "sea": "wave salt boat tide gull sand reef harbour",
    "law": "judge court clause appeal oath bail jury fine",
}


def sample(rows: int, seed: int) -> tuple[list[str], np.ndarray]:
    chance = np.random.default_rng(seed)
    topics = list(TOPICS)
    truth = chance.integers(0, len(topics), rows)
    shared = ["the", "and", "of", "it", "was", "in", "a", "to"]
    texts = [
        " ".join([*chance.choice(TOPICS[topics[each]].split(), 2), *chance.choice(shared, 6), str(chance.integers(50))])
        for each in truth
    ]
    return texts, truth


def one_hot(truth: np.ndarray) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.from_numpy(truth), len(TOPICS)).float()


def test_it_is_the_logistic_regression_of_scikit_learn() -> None:
    texts, truth = sample(120, 0)
    new, _ = sample(40, 1)
    bags = [ngram_bag(text) for text in texts]
    fit = fit_ngrams(bags, one_hot(truth), torch.ones(len(bags), 1), several=False)
    vectorizer = TfidfVectorizer(analyzer=lambda text: list(ngrams(text)), sublinear_tf=True)
    model = LogisticRegression(C=STRENGTH, max_iter=1000, tol=1e-8)
    model.fit(vectorizer.fit_transform(texts), truth)
    own = fit.scores([ngram_bag(text) for text in new]).softmax(1).numpy()
    assert own == pytest.approx(model.predict_proba(vectorizer.transform(new)), abs=2e-3)


def test_several_labels_are_one_regression_each() -> None:
    texts, truth = sample(120, 2)
    present = one_hot(truth)
    present[::7] = 0
    present[1::5, 0] = 1
    bags = [ngram_bag(text) for text in texts]
    fit = fit_ngrams(bags, present, torch.ones(len(bags), 1), several=True)
    vectorizer = TfidfVectorizer(analyzer=lambda text: list(ngrams(text)), sublinear_tf=True)
    model = OneVsRestClassifier(LogisticRegression(C=STRENGTH, max_iter=1000, tol=1e-8))
    model.fit(vectorizer.fit_transform(texts), present.numpy())
    expected = model.predict_proba(vectorizer.transform(texts))
    # One objective for all labels is each label's own, but for how exactly it is solved.
    assert fit.scores(bags).sigmoid().numpy() == pytest.approx(expected, abs=5e-3)


def test_labels_may_weigh_by_themselves() -> None:
    texts, truth = sample(120, 2)
    bags = [ngram_bag(text) for text in texts]
    present = one_hot(truth)
    weights = torch.where(present > 0, 5.0, 0.5)
    weights[:, 2] = 1.0
    fit = fit_ngrams(bags, present, weights, several=True)
    plain = fit_ngrams(bags, present, torch.ones(120, 1), several=True)
    said, before = (each.scores(bags).sigmoid().mean(0) for each in (fit, plain))
    assert (said[:2] > before[:2] + 0.05).all()
    assert said[2].item() == pytest.approx(before[2].item(), abs=5e-3)


def test_scores_of_training_rows_are_of_models_that_did_not_see_them() -> None:
    texts, truth = sample(300, 3)
    noise = np.random.default_rng(0).permutation(truth)
    bags = [ngram_bag(text) for text in texts]
    fit = fit_ngrams(bags, one_hot(noise), torch.ones(len(bags), 1), several=False)
    noise = torch.from_numpy(noise)
    assert (fit.scores(bags).argmax(1) == noise).float().mean() > 0.9
    assert (fit.held_out_RC.argmax(1) == noise).float().mean() < 0.5


def test_duplicates_are_held_out_together() -> None:
    texts, _ = sample(60, 4)
    noise = np.random.default_rng(1).integers(0, 3, 60)
    bags = [ngram_bag(text) for text in [*texts, *texts]]
    noise_twice = np.concatenate((noise, noise))
    fit = fit_ngrams(bags, one_hot(noise_twice), torch.ones(120, 1), several=False)
    torch.testing.assert_close(fit.held_out_RC[:60], fit.held_out_RC[60:])
    assert (fit.held_out_RC.argmax(1) == torch.from_numpy(noise_twice)).float().mean() < 0.6


def test_the_same_rows_give_the_same_scores() -> None:
    texts, truth = sample(80, 5)
    bags = [ngram_bag(text) for text in texts]
    one, other = (fit_ngrams(bags, one_hot(truth), torch.ones(80, 1), several=False) for _ in range(2))
    assert torch.equal(one.scores.weight_FC, other.scores.weight_FC)
    assert torch.equal(one.held_out_RC, other.held_out_RC)


def test_a_row_without_ngrams_gets_the_bias() -> None:
    texts, truth = sample(80, 6)
    bags = [ngram_bag(text) for text in [*texts, ""]]
    fit = fit_ngrams(bags, one_hot(np.append(truth, 0)), torch.ones(81, 1), several=False)
    torch.testing.assert_close(fit.scores([ngram_bag(""), ngram_bag("qwzx")]), fit.scores.bias_C.expand(2, -1))
    assert fit.held_out_RC.isfinite().all()


def test_of_many_rows_without_a_common_ngram_all_are_kept() -> None:
    bags = [ngram_bag(f"w{number}") for number in range(ngram_fit._MANY_ROWS + 1)]
    truth = np.arange(len(bags)) % len(TOPICS)
    fit = fit_ngrams(bags, one_hot(truth), torch.ones(len(bags), 1), several=False)
    assert len(fit.scores.keys_F) == len(bags)
    assert fit.held_out_RC.isfinite().all()


def test_bounds_keep_the_commonest_ngrams_and_leave_rows_out_of_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, truth = sample(200, 7)
    bags = [ngram_bag(text) for text in texts]
    monkeypatch.setattr(ngram_fit, "MOST_FEATURES", 30)
    monkeypatch.setattr(ngram_fit, "MOST_ENTRIES", 800)
    fit = fit_ngrams(bags, one_hot(truth), torch.ones(200, 1), several=False)
    assert len(fit.scores.keys_F) == 30
    assert (fit.held_out_RC.argmax(1) == torch.from_numpy(truth)).float().mean() > 0.7


def test_a_bag_is_scored_alike_among_any_others() -> None:
    texts, truth = sample(80, 8)
    bags = [ngram_bag(text) for text in [*texts, ""]]
    scores = fit_ngrams(bags[:80], one_hot(truth), torch.ones(80, 1), several=False).scores
    alone = torch.cat([scores([bag]) for bag in bags])
    torch.testing.assert_close(scores(bags), alone, rtol=0, atol=1e-6)
    assert NgramScores(0, 3)(bags).shape == (81, 3)
    assert FOLDS > 1
