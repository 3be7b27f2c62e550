"""The suite's own plugins keep the promises that any plugin is asked to keep."""

from __future__ import annotations

import nlpsuite_classification
import nlpsuite_generation
import nlpsuite_ner
import nlpsuite_qa
import nlpsuite_sentiment
import nlpsuite_translation
from nlpsuite.testing import TaskConformance


class TestClassification(TaskConformance):
    spec = nlpsuite_classification.nlpsuite_tasks()[0]


class TestGeneration(TaskConformance):
    spec = nlpsuite_generation.nlpsuite_tasks()[0]


class TestNer(TaskConformance):
    spec = nlpsuite_ner.nlpsuite_tasks()[0]


class TestQa(TaskConformance):
    spec = nlpsuite_qa.nlpsuite_tasks()[0]


class TestSentiment(TaskConformance):
    spec = nlpsuite_sentiment.nlpsuite_tasks()[0]


class TestTranslation(TaskConformance):
    spec = nlpsuite_translation.nlpsuite_tasks()[0]
