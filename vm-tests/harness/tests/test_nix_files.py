"""The Nix files on bare Nix: they parse, are formatted, and their cases hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import nix_checks, nix_format, nix_options, places
from harness.nix import EvaluationFailed, Nix, nix, quoted

LIB = nix_checks.library()
OF_EXAMPLES = nix_checks.case_files(nix_checks.OF_EXAMPLES)
WITH_LIB = nix_checks.case_files_with_lib() if LIB else []
OF_EXAMPLES_WITH_LIB = nix_checks.case_files_with_lib(nix_checks.OF_EXAMPLES) if LIB else []


def named(path: Path) -> str:
    return str(path.relative_to(nix_checks.TESTS).with_suffix(""))


def hold(cases: str) -> None:
    count, found = nix_checks.failures(nix(), cases)
    assert not found, f"{len(found)} of {count} cases do not hold\n" + "\n".join(found)
    assert count > 0, "a file of cases without a case"
    print(f"{count} cases hold")


def test_every_file_parses() -> None:
    files = nix_checks.nix_files()
    assert places.REPOSITORY / "flake.nix" in files and places.VM_TESTS / "nixos.nix" in files
    nix().parse(files)


def test_every_file_is_formatted() -> None:
    found = nix_format.check(nix_checks.nix_files())
    assert not found, f"{found}\nformat them: {nix_format.nixfmt()} FILES"


def test_the_readme_shows_the_template() -> None:
    shown = (places.REPOSITORY / "README.md").read_text().split("```nix\n")[1].split("```")[0]
    assert shown == (nix_checks.MODULE / "template" / "flake.nix").read_text()


@pytest.mark.parametrize("path", [*nix_checks.case_files(), *OF_EXAMPLES], ids=named)
def test_cases(path: Path) -> None:
    hold(nix_checks.cases_of(path))


#: Sound, and nothing like the example: other names, another role, a warning.
ANOTHER_CLUSTER = """{
  nix-nos.clusters.lab.nodes = {
    web01 = { role = "all-in-one"; bootstrap = true; ip = "10.7.1.1"; };
    web02 = { role = "all-in-one"; ip = "10.7.1.2"; };
  };
}
"""


def of_another_cluster(folder: Path) -> Path:
    """The repository, where somebody has made a cluster of their own of the example."""
    for name in ("Cargo.toml", "Cargo.lock", "agent", "topology", "vm-tests"):
        (folder / name).symlink_to(places.REPOSITORY / name)
    # Nix would follow a link, and import what is beside its target.
    shutil.copy(places.REPOSITORY / "flake.nix", folder)
    shutil.copytree(nix_checks.MODULE, folder / "nixos-module")
    examples = folder / "nixos-module" / "examples"
    (examples / "topology.nix").write_text(ANOTHER_CLUSTER)
    for path in (examples / "topology-two-sites.nix", *(examples / "cluster").glob("*node*.nix")):
        if path.name != "nodes.nix":
            path.write_text('throw "the example is its reader\'s to change"')
    return folder / "nixos-module" / "tests"


def test_no_case_judges_what_a_reader_makes_of_the_example(tmp_path: Path) -> None:
    tests = of_another_cluster(tmp_path)
    for path in (tests / path.relative_to(nix_checks.TESTS) for path in nix_checks.case_files()):
        hold(nix_checks.cases_of(path))
    for path in (tests / path.relative_to(nix_checks.TESTS) for path in WITH_LIB):
        hold(nix_checks.cases_of(path, LIB))


# Without a `lib` these are not skipped but absent: no CI host has one.
if WITH_LIB:

    @pytest.mark.parametrize("path", [*WITH_LIB, *OF_EXAMPLES_WITH_LIB], ids=named)
    def test_cases_with_lib(path: Path) -> None:
        hold(nix_checks.cases_of(path, LIB))

    def test_the_reference_of_options_is_up_to_date() -> None:
        assert LIB is not None
        assert nix_options.PAGE.read_text() == nix_options.page(LIB), "run make generate"


def judged(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "cases.nix"
    path.write_text(text)
    return nix_checks.failures(nix(), nix_checks.cases_of(path))[1]


def test_a_case_that_does_not_hold_is_reported_with_both_sides(tmp_path: Path) -> None:
    (found,) = judged(
        tmp_path,
        """{
          wrong = { expr = { a = 1; }; expected = { a = 2; }; };
          right = { expr = [ 1 ]; expected = [ 1 ]; };
        }""",
    )
    assert found.startswith("wrong:") and "a = 1;" in found and "a = 2;" in found


def test_a_case_that_cannot_be_evaluated_leaves_the_others(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        """{
          broken = { expr = 1 + "1"; expected = 2; };
          wrong = { expr = 1; expected = 2; };
          right = { expr = 1; expected = 1; };
        }""",
    )
    assert [line.partition(":")[0] for line in found] == ["broken", "wrong"]


def test_an_expected_error_is_matched(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        """{
          right = { expr = throw "node01 is there twice"; expectedError = "node01 .* twice"; };
          other = { expr = throw "something else"; expectedError = "twice"; };
          none = { expr = 1; expectedError = "twice"; };
        }""",
    )
    assert [line.partition(":")[0] for line in found] == ["none", "other"]


def test_no_nix_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.nix"
    path.write_text("{ a = ;")
    with pytest.raises(EvaluationFailed, match="syntax error"):
        nix().parse([path])


def test_bad_formatting_is_found(tmp_path: Path) -> None:
    path = tmp_path / "ugly.nix"
    path.write_text("{a=1;}")
    assert "ugly.nix" in nix_format.check([path])


def test_nix_sees_nothing_of_the_host(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFailed, match="nixpkgs"):
        nix().show("<nixpkgs>")


def test_any_path_can_be_quoted(tmp_path: Path) -> None:
    path = tmp_path / "ä ${b} \"c\".nix"
    path.write_text("1")
    assert nix().value(f"import {quoted(path)}") == 1


def test_a_given_nix_is_used(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFailed, match="^not me$"):
        Nix(("sh", "-c", "echo not me >&2; exit 1"), tmp_path).show("1")
