import random

import numpy as np
import pytest

from claimlake.sources.x12.claim_837 import CLAIM_837
from claimlake.sources.x12.kind import Head, kinds_of, walk
from claimlake.sources.x12.remittance_835 import REMITTANCE
from claimlake.sources.x12.segment import Delimiters, tokenise
from claimlake.sources.x12.spec import Transaction
from claimlake.sources.x12.walk import grammar
from claimlake.sources.x12.word import MARGIN


def names(transaction: Transaction, content: bytes) -> list[tuple[str, str]]:
    margin = bytes(MARGIN)
    data = np.frombuffer(margin + content + margin, dtype=np.uint8)
    segments = tokenise(data, MARGIN, MARGIN + len(content), Delimiters())
    kinds = grammar(transaction).kinds
    return [kinds[number] for number in kinds_of(transaction, segments).tolist()]


def test_a_segment_is_known_by_its_id_and_its_qualifier() -> None:
    content = b"REF*EV*1~REF*XYZ*1~REF~REF**EV~ST~ST\0~STX*1~STXY*1~*1~N1*PR~N1*PRX~DTM*405~DTM*4055~DTM*40"
    assert names(REMITTANCE, content) == [
        *(("REF", "EV"), ("REF", ""), ("REF", ""), ("REF", "")),
        *(("ST", ""), ("", ""), ("", ""), ("", ""), ("", "")),
        *(("N1", "PR"), ("N1", ""), ("DTM", "405"), ("DTM", ""), ("DTM", "")),
    ]
    assert names(CLAIM_837, b"HL*1**20*1~HL*2*1*22~HL*22~HL*3*2*99") == [
        *(("HL", "20"), ("HL", "22"), ("HL", ""), ("HL", "")),
    ]


@pytest.mark.parametrize("transaction", [REMITTANCE, CLAIM_837])
@pytest.mark.parametrize("seed", range(5))
def test_the_walk_is_that_of_one_step_after_the_other(transaction: Transaction, seed: int) -> None:
    rules, chance = grammar(transaction), random.Random(seed)
    some = chance.sample(range(len(rules.kinds)), k=min(len(rules.kinds), 2 + 5 * seed))
    kinds = [chance.choice(some) for _ in range(400)]
    expected, state = [], 0
    for kind in kinds:
        state = rules.steps[state][kind] >> 1
        expected.append(state)
    way = walk(transaction, np.array(kinds, dtype=np.int16), Head())
    assert way.state.take(way.of_segments()).tolist() == expected


def test_lines_without_a_claim_lead_nowhere_however_many_they_are() -> None:
    kinds = grammar(REMITTANCE).kinds
    some = [kinds.index(("ST", "")), *[kinds.index(("SVC", ""))] * 100]
    way = walk(REMITTANCE, np.array(some, dtype=np.int16), Head())
    assert set(way.state.tolist()) == {0}
