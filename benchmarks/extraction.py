"""Quality and speed of skill extraction.

Quality is measured on the technical postings of the SkillSpan corpus (sentences with hand-annotated spans, MIT
license). The annotated "knowledge" spans are compared with the extracted skills, except soft
skills, which the corpus annotates separately. The corpus counts spoken languages as knowledge.

- canonical: an annotated span counts as found if the canonical name of its text, without surrounding punctuation, is
  among the skills extracted from its sentence. A span without a name in the vocabulary is a miss. Recall is found spans
  over all annotated spans. Precision is computed over the extracted skills, each once per sentence: a skill is correct
  if it is the canonical name of an annotated span in that sentence.
- span-exact: an extracted span is correct if it starts and ends where an annotated span does. Recall and precision are
  computed over spans. This is the measure that published systems report.
- overlap: like canonical, but an annotated span and a skill match if they overlap, whatever their names.

False positives of the canonical measure are counted by the place of the mention: inside a longer annotated span, in a
span that the corpus annotates as a skill (an activity such as "develop backend services"), in a line of at most nine
tokens (mostly titles and headings), or elsewhere.

The intervals are 95% percentile intervals of F1 from 1,000 bootstrap samples of the sentences.

The corpus is tokenized. Tokens are joined by a space, except that a lone "." is joined to a following "net".
Speed is measured in one process on the title and description of real postings, cut to 2,300 characters, both in
elapsed time and in processor time, which a busy machine distorts less.
The slowest text is searched among texts of 100 kB, the accepted maximum, that repeat ambiguous names.

    python -m benchmarks.extraction [--split dev] [--data ../shared/data] [--show-errors]
"""

import argparse
import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from skills.disambiguation_words import AMBIGUOUS
from skills.extraction import SkillExtractor, SkillSpan
from skills.vocabulary import Skill, Vocabulary

_ROOT = Path(__file__).resolve().parent.parent
_POSTING_CHARACTERS = 2_300
# Maximum number of tokens of a line that is probably a title, a heading or an item of a list.
_MAX_SHORT_LINE = 9
_MAX_CHARACTERS = 100_000
_PHRASES = ("{} ", "{}, ", "experience with {} ", "{} developer ", "using {}. ", "\n{}")
_PUNCTUATION = " \t.,;:!?()[]{}*•-–—/\\'\"’"


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence of the corpus, with the character ranges of its knowledge spans and of its skill spans."""

    text: str
    knowledge: list[tuple[int, int]]
    skills: list[tuple[int, int]]
    tokens: int


@dataclass
class Tally:
    """Counts of one comparison between annotated and extracted skills."""

    found: int = 0
    annotated: int = 0
    correct: int = 0
    extracted: int = 0
    # Found, marked, right and extracted of each sentence, for the bootstrap.
    sentences: list[tuple[int, int, int, int]] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def add(self, *, found: int, annotated: int, correct: int, extracted: int) -> None:
        """Add the counts of a sentence."""
        self.found += found
        self.annotated += annotated
        self.correct += correct
        self.extracted += extracted
        self.sentences.append((found, annotated, correct, extracted))

    def bootstrap_f1(self, *, samples: int = 1_000, seed: int = 1) -> tuple[float, float]:
        """Return the 95% percentile interval of F1 over samples of the sentences with replacement."""
        counts = np.array(self.sentences)
        rng = np.random.default_rng(seed)
        scores = []
        for _ in range(samples):
            found, annotated, correct, extracted = counts[rng.integers(0, len(counts), len(counts))].sum(axis=0)
            recall, precision = found / max(annotated, 1), correct / max(extracted, 1)
            scores.append(2 * precision * recall / max(precision + recall, 1e-9))
        low, high = np.percentile(scores, [2.5, 97.5])
        return float(low), float(high)

    @property
    def precision(self) -> float:
        return self.correct / self.extracted if self.extracted else 0.0

    @property
    def recall(self) -> float:
        return self.found / self.annotated if self.annotated else 0.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def read_sentences(path: Path) -> Iterator[Sentence]:
    """Yield every technical sentence."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["source"] != "tech":
                continue
            text, offsets = "", []
            for index, token in enumerate(row["tokens"]):
                if text and not (token.lower() == "net" and row["tokens"][index - 1] == "."):
                    text += " "
                offsets.append((len(text), len(text) + len(token)))
                text += token
            yield Sentence(
                text=text,
                knowledge=[strip_punctuation(text, *bounds) for bounds in _find_ranges(row["tags_knowledge"], offsets)],
                skills=list(_find_ranges(row["tags_skill"], offsets)),
                tokens=len(offsets),
            )


def _find_ranges(tags: list[str], offsets: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first_index: int | None = None
    for index, tag in enumerate([*tags, "O"]):
        if first_index is not None and not tag.startswith("I"):
            yield offsets[first_index][0], offsets[index - 1][1]
            first_index = None
        if tag.startswith("B") or (tag.startswith("I") and first_index is None):
            first_index = index


def strip_punctuation(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the range without punctuation at its ends. The dot of ".NET" stays."""
    while start < end and text[start] in _PUNCTUATION and not text[start:end].lower().startswith(".net"):
        start += 1
    while end > start and text[end - 1] in _PUNCTUATION:
        end -= 1
    return start, end


@dataclass(kw_only=True)
class Comparison:
    """The tallies of the three measures, and the number of false positives by place of the mention."""

    canonical: Tally = field(default_factory=Tally)
    exact: Tally = field(default_factory=Tally)
    overlap: Tally = field(default_factory=Tally)
    places: Counter[str] = field(default_factory=Counter)


def compare(vocabulary: Vocabulary, extractor: SkillExtractor, sentences: Iterator[Sentence]) -> Comparison:
    """Compare the extracted skills with the annotations."""
    comparison = Comparison()
    canonical, exact = comparison.canonical, comparison.exact
    for sentence in sentences:
        text, annotated = sentence.text, sentence.knowledge
        spans = [span for span in extractor.find_spans(text) if _is_knowledge(vocabulary, span.skill)]
        skills = {span.skill for span in spans}
        names = [vocabulary.get_canonical_name(text[start:end]) for start, end in annotated]

        canonical.add(
            found=sum(name in skills for name in names),
            annotated=len(annotated),
            correct=len(skills & set(names)),
            extracted=len(skills),
        )
        for name, (start, end) in zip(names, annotated, strict=True):
            if name not in skills:
                canonical.missed[f"{text[start:end].lower()} [{name}]"] += 1
        canonical.wrong.update(skills - set(names))
        first_mentions = {span.skill: span for span in reversed(spans)}
        comparison.places.update(_find_place(sentence, first_mentions[name]) for name in skills - set(names))

        found = {bounds for bounds in annotated for span in spans if _overlaps(bounds, span)}
        comparison.overlap.add(
            found=len(found),
            annotated=len(annotated),
            correct=len({span.skill for span in spans if any(_overlaps(bounds, span) for bounds in annotated)}),
            extracted=len(skills),
        )

        correct = {(span.start, span.end) for span in spans} & set(annotated)
        exact.add(found=len(correct), annotated=len(annotated), correct=len(correct), extracted=len(spans))
    return comparison


def _overlaps(bounds: tuple[int, int], span: SkillSpan) -> bool:
    return bounds[0] < span.end and span.start < bounds[1]


def _find_place(sentence: Sentence, span: SkillSpan) -> str:
    if any(_overlaps(bounds, span) for bounds in sentence.knowledge):
        return "in a longer knowledge span"
    if any(_overlaps(bounds, span) for bounds in sentence.skills):
        return "in a skill span"
    return "in a short line" if sentence.tokens <= _MAX_SHORT_LINE else "elsewhere"


def _is_knowledge(vocabulary: Vocabulary, name: str) -> bool:
    skill = vocabulary.get(name)
    return skill is not None and (skill.category != "Soft Skills" or skill.subcategory == "Spoken Languages")


def measure_speed(extractor: SkillExtractor, path: Path) -> tuple[int, float, float, float]:
    """Return the number of postings, postings per second of elapsed and of processor time, and skills per posting."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = (json.loads(line) for line in lines)
        texts = [f"{row['job_title']}\n{row['description']}"[:_POSTING_CHARACTERS] for row in rows]
    extractor.extract_skills(texts[0] + " experience with Go")  # load spaCy before measuring
    started, used = time.perf_counter(), time.process_time()
    skills = sum(len(extractor.extract_skills(text)) for text in texts)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    return len(texts), len(texts) / seconds, len(texts) / used, skills / len(texts)


def measure_slowest_texts(extractor: SkillExtractor) -> list[tuple[float, str]]:
    """Return the processor seconds and the repeated unit of each 100 kB text of ambiguous names, slowest first."""
    rng = random.Random(1)
    phrases = [rng.choice(_PHRASES).format(name.capitalize()) for name in sorted(AMBIGUOUS)]
    mixes = ["".join(rng.choices(phrases, k=count)) for count in (3, 30, 300, 3_000, 10_000)]
    measured = []
    for unit in (*phrases, *mixes):
        text = (unit * (_MAX_CHARACTERS // len(unit) + 1))[:_MAX_CHARACTERS]
        used = time.process_time()
        extractor.find_spans(text)
        measured.append((time.process_time() - used, unit[:40]))
    return sorted(measured, reverse=True)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=["dev", "train"], default="dev")
    parser.add_argument("--data", type=Path, default=_ROOT.parent / "shared" / "data")
    parser.add_argument("--show-errors", action="store_true", help="list the most frequent misses and false finds")
    arguments = parser.parse_args()

    entries = json.loads((_ROOT / "fixtures" / "skills.json").read_text(encoding="utf-8"))
    vocabulary = Vocabulary(Skill.from_entry(entry) for entry in entries)
    started = time.perf_counter()
    extractor = SkillExtractor(vocabulary)
    build_ms = (time.perf_counter() - started) * 1000
    corpus = arguments.data / "skills" / f"skillspan_{arguments.split}.json.gz"
    comparison = compare(vocabulary, extractor, read_sentences(corpus))
    canonical = comparison.canonical

    print(f"SkillSpan {arguments.split}, technical adverts: {canonical.annotated} marked spans")
    print(f"{'':12} {'precision':>9} {'recall':>9} {'F1':>9}  95% interval of F1")
    for label, tally in (("canonical", canonical), ("span-exact", comparison.exact), ("overlap", comparison.overlap)):
        low, high = tally.bootstrap_f1()
        print(f"{label:12} {tally.precision:9.3f} {tally.recall:9.3f} {tally.f1:9.3f}  {low:.3f} to {high:.3f}")
    places = ", ".join(f"{count} {place}" for place, count in comparison.places.most_common())
    print(f"{comparison.places.total()} of {canonical.extracted} skills are false positives: {places}")
    count, rate, processor_rate, skills = measure_speed(extractor, arguments.data / "postings.jsonl.gz")
    print(f"{count:,} postings of {_POSTING_CHARACTERS:,} characters, {skills:.1f} skills each:")
    print(f"{rate:,.0f} per second of elapsed time, {processor_rate:,.0f} per second of processor time")
    print(f"{len(vocabulary):,} entries; the extractor was built in {build_ms:.0f} ms")
    slow_texts = measure_slowest_texts(extractor)
    slowest = ", ".join(f"{seconds:.2f} s ({unit!r})" for seconds, unit in slow_texts[:3])
    print(f"{len(slow_texts)} texts of 100 kB of ambiguous names, processor time of the slowest: {slowest}")
    if arguments.show_errors:
        print("missed:", ", ".join(f"{name} {count}" for name, count in canonical.missed.most_common(250)))
        print("wrong:", ", ".join(f"{name} {count}" for name, count in canonical.wrong.most_common(250)))


if __name__ == "__main__":
    main()
