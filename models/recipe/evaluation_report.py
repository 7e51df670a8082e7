"""The figures of evaluate.py as tables for the model card."""

from __future__ import annotations


def markdown(report: dict) -> str:
    lines = [f"Directory size {report['model_mb']} MB.", "", *_words(report)]
    if "ways" in report:
        lines += [*_defaults(report), *_ways(report), *_times(report), *_rest(report)]
    return "\n".join(lines)


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _words(report: dict) -> list[str]:
    lines = [_row("what", "voices", "language", "WER %", "sentences right %", "all digits right %", "sentences", "with a long number")]
    lines.append("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for name, table in report["words"].items():
        for key, a in table.items():
            voices, language = key.split("/")
            digits = a["digits_right"] if a["with_long_number"] else "-"
            figures = (a["wer"], a["sentences_right"], digits, a["sentences"], a["with_long_number"])
            lines.append(_row(name, voices, language, *figures))
    return [*lines, ""]


def _defaults(report: dict) -> list[str]:
    lines = [_row("voices", "condition", "language", "WER %", "sentences right %"), "| --- | --- | --- | ---: | ---: |"]
    lines += [_row(*key.split("/"), a["wer"], a["sentences_right"]) for key, a in report["defaults"].items()]
    return [*lines, ""]


def _ways(report: dict) -> list[str]:
    names = ("padded_s", "beam", "spelling", "sentences_right", "digits_right", "wer", "median_ms", "sentences")
    lines = [_row("padded to s", "beam", "spelling", "sentences right %", "all digits right %", "WER %", "median ms", "clips that fit")]
    lines.append("| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    lines += [_row(*(way[name] for name in names)) for way in report["ways"]]
    return [*lines, ""]


def _times(report: dict) -> list[str]:
    lines = [_row("one core, one utterance", "int8 median ms", "90th percentile", "float32 median ms"), "| --- | ---: | ---: | ---: |"]
    int8, float32 = report["latency_one_core"]["int8"], report["latency_one_core"]["float32"]
    lines += [_row(k, a["median_ms"], a["p90_ms"], float32[k]["median_ms"]) for k, a in int8.items() if isinstance(a, dict)]
    return [*lines, "", f"(median utterance {int8['median_seconds']} s)", ""]


def _rest(report: dict) -> list[str]:
    lines = ["| clips without speech that yield text | % |", "| --- | ---: |"]
    lines += [_row(k, v["percent"]) for k, v in report["without_speech"].items()]
    known = "; ".join(
        f"{voices} voices " + ", ".join(f"{v} % {how}" for how, v in ways.items()) for voices, ways in report["language_id"].items()
    )
    end = report["segment_end_error"]
    lines += ["", f"Language identified correctly (mu-law): {known}."]
    return [*lines, f"End of segment against end of speech: median error {end['median_s']} s, 90th percentile {end['p90_s']} s.", ""]
