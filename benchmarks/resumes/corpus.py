"""Generate the corpus: every layout by every producer in every language, with the values that each file shows."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.resumes.layouts import LAYOUTS
from benchmarks.resumes.locales import LOCALES
from benchmarks.resumes.pages import Page, Truth
from benchmarks.resumes.people import draw_person
from benchmarks.resumes.producers.canvas import render_with_reportlab
from benchmarks.resumes.producers.fpdf import render_with_fpdf2
from benchmarks.resumes.producers.html import print_with_weasyprint, run_chromium
from benchmarks.resumes.producers.tex import render_like_tex
from benchmarks.resumes.producers.word import render_docx

Producer = Callable[[Page], bytes]
# Chromium is started only for a corpus that uses it.
CHROMIUM = "chromium"
_PRODUCERS: dict[str, Producer] = {
    "docx": render_docx,
    "fpdf2": render_with_fpdf2,
    "reportlab": render_with_reportlab,
    "tex": render_like_tex,
    "weasyprint": print_with_weasyprint,
}
PRODUCER_NAMES = (CHROMIUM, *_PRODUCERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A generated file and the values that it shows."""

    name: str
    layout: str
    producer: str
    language: str
    data: bytes
    truth: Truth


def generate_samples(
    *,
    layouts: Sequence[str] = tuple(LAYOUTS),
    producers: Sequence[str] = PRODUCER_NAMES,
    languages: Sequence[str] = tuple(LOCALES),
    repetitions: int = 1,
    seed: int = 1,
) -> Iterator[Sample]:
    """Yield the files of all combinations. The same seed gives the same people and pages."""
    with ExitStack() as stack:
        renderers = {name: _PRODUCERS[name] for name in producers if name != CHROMIUM}
        if CHROMIUM in producers:
            renderers[CHROMIUM] = stack.enter_context(run_chromium())
        for layout in layouts:
            for producer in producers:
                for language in languages:
                    for index in range(repetitions):
                        key = f"{layout}-{producer}-{language}-{index}"
                        chooser = random.Random(f"{seed}-{key}")
                        page = LAYOUTS[layout](draw_person(LOCALES[language], chooser), chooser)
                        extension = "docx" if producer == "docx" else "pdf"
                        yield Sample(
                            name=f"{key}.{extension}",
                            layout=layout,
                            producer=producer,
                            language=language,
                            data=renderers[producer](page),
                            truth=page.truth,
                        )


def store_samples(samples: Sequence[Sample], directory: Path) -> None:
    """Write the files and `expected.jsonl`, which has one line per file with its values."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "expected.jsonl").open("w", encoding="utf-8") as lines:
        for sample in samples:
            (directory / sample.name).write_bytes(sample.data)
            kind = f"{sample.layout} {sample.producer} {sample.language}"
            row = {"file": sample.name, "kind": kind} | asdict(sample.truth)
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
