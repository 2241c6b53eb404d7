"""What of the mutation test is ours: the sample and the score; mutmut itself takes minutes."""

from benchmarks.mutants import chosen, table

MUTANTS = [f"edge_runtime.decoder.x_f__mutmut_{n}" for n in range(9)] + [
    "edge_runtime.sinks.hook.x_g__mutmut_1",
    "edge_runtime.sinks_other.x_h__mutmut_1",
]


def test_a_sample_is_so_many_of_each_module_and_the_same_again() -> None:
    names = chosen(MUTANTS, [], 4, seed=0)
    assert [name.split(".x_")[0] for name in names] == [
        *["edge_runtime.decoder"] * 4,
        "edge_runtime.sinks.hook",
        "edge_runtime.sinks_other",
    ]
    assert names == chosen(list(reversed(MUTANTS)), [], 4, seed=0)
    assert len(set(names)) == 6


def test_a_package_is_all_that_is_in_it() -> None:
    assert chosen(MUTANTS, ["edge_runtime.sinks"], 4, seed=0) == [MUTANTS[9]]
    assert chosen(MUTANTS, ["nothing"], 4, seed=0) == []


def test_the_score_is_given_by_module_and_the_survivors_by_name() -> None:
    status = ("killed", "survived", "timeout", "no tests")
    found = dict(zip((*MUTANTS[:3], MUTANTS[9]), status, strict=True))
    assert table(found) == [
        "    2 of     3  66.7%  edge_runtime.decoder",
        "    0 of     1   0.0%  edge_runtime.sinks.hook",
        "    2 of     4  50.0%  all",
        "survived: edge_runtime.decoder.x_f__mutmut_1",
        "no tests: edge_runtime.sinks.hook.x_g__mutmut_1",
    ]
