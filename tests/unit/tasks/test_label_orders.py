from __future__ import annotations

import pytest

from nlpsuite.tasks.label_orders import has_known_order, natural_order


@pytest.mark.parametrize(
    "names",
    [
        ["1 star", "2 stars", "5 stars"],
        ["1-star", "2-star", "10-star"],
        ["rating 2", "rating 10"],
        ["LABEL_0", "LABEL_1", "LABEL_2"],
        ["1星", "3星", "5星"],
        ["1 Stern", "2 Sterne"],
        ["1 étoile", "3 étoiles"],
        ["1 stella", "4 stelle"],
        ["1 звезда", "2 звезды", "5 звёзд"],
        ["★☆☆", "★★☆", "★★★"],
        ["terrible", "bad", "okay", "good", "excellent"],
        ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"],
        ["Bearish", "Neutral", "Bullish"],
        ["负面", "中性", "正面"],
        ["消极", "中性", "积极"],
        ["差评", "中评", "好评"],
        ["ネガティブ", "ニュートラル", "ポジティブ"],
        ["부정", "중립", "긍정"],
        ["sehr negativ", "negativ", "neutral", "positiv"],
        ["négatif", "neutre", "positif"],
        ["negatif", "neutre", "positif"],
        ["muy negativo", "negativo", "neutro", "positivo"],
        ["molto negativo", "negativo", "neutro", "positivo"],
        ["muito negativo", "negativo", "neutro", "positivo"],
        ["negatief", "neutraal", "positief"],
        ["отрицательный", "нейтральный", "положительный"],
        ["-1", "0", "1"],
    ],
)
def test_an_order_is_known(names: list[str]) -> None:
    assert has_known_order(names)
    assert natural_order(reversed(names)) == names


@pytest.mark.parametrize(
    "names",
    [
        ["joy", "anger", "fear"],
        ["neg", "pos", "POS"],
        ["1", "1.0", "2"],
        ["q1", "quarter2"],
        ["1 star", "star 2"],
        ["a1", "b2"],
        ["1 star", "2 moons"],
        ["1", "2 stars"],
        ["good", "1"],
    ],
)
def test_no_order_is_known(names: list[str]) -> None:
    assert not has_known_order(names)
    assert sorted(natural_order(names)) == sorted(names)
