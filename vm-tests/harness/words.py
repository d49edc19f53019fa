"""The word list: everything that people read says a thing in the same words.

Reads every tracked file that people read. Of Rust and Python it reads comments, strings and the
names of tests, of everything else the whole text. Names that an interface fixes are not words:
options, units, JSON fields, what is between braces in a string.
"""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from . import places

#: What is found, and what to write instead. A space matches any white space, line ends too.
TABLE = {
    r"mend(s|ed|ing)?": "fix, repair",
    r"told|tells?|telling": "report, print, say; distinguish",
    r"the (first-boot )?seed('s)?(?! (of|for) )|first-boot seed": "the first-boot specification",
    r"(first-boot|platform('s)?|image builder's) documents?|the documents?'s":
        "the first-boot specification",
    r"the (project's )?brief": "the first-boot specification, or the reason itself",
    r"(clock|no|a) battery|battery-less": "RTC, RTC battery",
    r"(USB|memory) sticks?|(a|the) stick": "USB drive",
    r"cards?": "NIC, network interface",
    r"lack(s|ed|ing)? behind": "fall behind",
    r"(go|goes|going|went|gone) by(?! (it|them)sel)": "use, follow",
    r"host names?": "hostname",
    r"the house|rooms|(an?|the|this|that|its|own|wrong|other|another|each|every|only|agent's"
    r"|systemd|cluster) room(?! for )": "module, crate, layer",
    r"(an?|the|this|its|own|other|another|different|wrong|test|two|which|\w+'s) authorit(y|ies)"
    r"(?! of (an?|the) UR)": "CA, certificate authority",
    r"(stands?|stood) (in|on|at|there|here|beside|before|behind)(?! for)": "is, exists",
    r"(lies?|lay) (in|on|at|there|here|beside|behind|outside|under)": "is, exists",
    r"(is|are|was|were|has|have) gone": "removed, lost, failed",
    r"of whoever|nobody says": "the node that …; by default",
    r"(higher|lower|first|second|same|of) rank": "priority",
    r"names as /": "names such as /",
    r"said once": "described once",
    r"lacking": "missing",
    r"os error \d+": "the text of the error alone (plain_error)",
}
#: The same, in the comments of Rust and in what is read of Python.
COMMENTS = {
    r"whoever": "the caller, the holder, the reader; or leave it out",
    r"anew": "again",
    r"nobody (can say|knows|waits)": "it is unknown; the caller has given up",
}
#: Not written by this project, or not for people.
NOT_READ = ("Cargo.lock", "LICENSE", "agent/fuzz/corpus/", "agent/proptest-regressions/")
#: They name the words.
NAME_THEM = ("vm-tests/harness/words.py", "vm-tests/harness/tests/test_words.py")
#: What begins a line of a comment, so that a phrase is found across two lines.
LEADER = re.compile(r"\n[ \t]*(?://[/!]?|#+|\*)?[ \t]*")
#: A value in a text: `{told}`, `{told:?}`, `{told[0]}`.
VALUE = re.compile(r"\{\w+(?:[.:!\[(][^{}]*)?\}")
RUST = re.compile(
    r"""(?P<raw>\br(?P<hashes>\#*)".*?"(?P=hashes)) | (?P<text>"(?:\\.|[^"\\])*")
    | (?P<comment>//[^\n]*|/\*.*?\*/) | (?P<char>'(?:\\.|[^'\\\n])')""",
    re.DOTALL | re.VERBOSE,
)
RUST_TEST = re.compile(r"#\[(?:tokio::)?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:async )?fn (\w+)")
PYTHON_TEST = re.compile(r"^[ \t]*(?:async )?def (test_\w+)", re.MULTILINE)


@cache
def patterns(of_comments: bool = False) -> list[tuple[re.Pattern[str], str]]:
    """A table, compiled."""
    return [
        (re.compile(rf"(?<!-)\b(?:{found.replace(' ', chr(92) + 's+')})\b", re.IGNORECASE), instead)
        for found, instead in (COMMENTS if of_comments else TABLE).items()
    ]


def files() -> list[str]:
    """What is tracked and read by people."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=places.REPOSITORY, check=True, capture_output=True, text=True, timeout=300,
    ).stdout
    skipped = (*NOT_READ, *NAME_THEM)
    return [path for path in tracked.split("\0") if path and not path.startswith(skipped)]


def _only(text: str, spans: Iterator[tuple[int, int]]) -> str:
    """The text with blanks in the place of everything outside the spans; lines stay lines."""
    kept = list(re.sub(r"[^\n]", " ", text))
    for start, end in spans:
        kept[start:end] = text[start:end]
    return "".join(kept)


def _with_names(text: str, whole: str, tests: re.Pattern[str]) -> str:
    """The text with the names of the tests put back, as words."""
    for test in tests.finditer(whole):
        words = test[1].replace("_", " ")
        text = text[: test.start(1)] + words + text[test.end(1) :]
    return text


def of_rust(text: str) -> str:
    """Comments, strings and names of tests."""
    spans = (m.span() for m in RUST.finditer(text) if m.lastgroup != "char")
    return _with_names(_blank_values(_only(text, spans)), text, RUST_TEST)


def comments_of_rust(text: str) -> str:
    """Comments alone, a phrase found across two lines as well."""
    spans = (m.span() for m in RUST.finditer(text) if m.lastgroup == "comment")
    return LEADER.sub(lambda leader: "\n" + " " * (len(leader[0]) - 1), _only(text, spans))


def of_python(text: str) -> str:
    """Comments, strings and names of tests."""
    begins = [0]
    for line in text.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    spans = (
        (begins[token.start[0] - 1] + token.start[1], begins[token.end[0] - 1] + token.end[1])
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type in (tokenize.COMMENT, tokenize.STRING)
    )
    return _with_names(_blank_values(_only(text, spans)), text, PYTHON_TEST)


def _blank_values(text: str) -> str:
    return VALUE.sub(lambda value: " " * len(value[0]), text)


def prose(path: str, text: str) -> str:
    """What people read of a file, every character at its place."""
    match Path(path).suffix:
        case ".rs":
            text = of_rust(text)
        case ".py":
            text = of_python(text)
        case ".md":
            return text
    return LEADER.sub(lambda leader: "\n" + " " * (len(leader[0]) - 1), text)


def findings(path: str, text: str) -> Iterator[str]:
    """Every word of the table in a text, by line."""
    read = prose(path, text)
    found = [(m.start(), m[0], instead) for p, instead in patterns() for m in p.finditer(read)]
    match Path(path).suffix:
        case ".rs":
            comments = comments_of_rust(text)
        case ".py":
            comments = read
        case _:
            comments = ""
    found += [
        (m.start(), m[0], instead) for p, instead in patterns(True) for m in p.finditer(comments)
    ]
    for start, words, instead in sorted(found):
        line = read.count("\n", 0, start) + 1
        yield f"{line}: \"{' '.join(words.split())}\": write {instead}"


def of_repository() -> Iterator[str]:
    """Every finding, with its file; binary files have no words."""
    for path in files():
        try:
            text = (places.REPOSITORY / path).read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        yield from (f"{path}:{finding}" for finding in findings(path, text))
