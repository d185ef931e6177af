import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.genres import nearest_songs

songs = st.lists(st.frozensets(st.sampled_from("abcdef"), min_size=0, max_size=4), min_size=1, max_size=30)


def by_hand(genres, matches, apart):
    """Every song against every other, as the docstring says."""
    N = len(genres)
    found = np.full((N, matches), -1)
    for i in range(N):
        allowed = [
            j
            for j in range(N)
            if j != i and genres[i] & genres[j] and not any(group[i] == group[j] for group in apart)
        ]
        allowed.sort(key=lambda j: (len(genres[i] ^ genres[j]), (j - i) % N))
        found[i, : len(allowed[:matches])] = allowed[:matches]
    return found


@given(songs, st.integers(1, 3), st.data())
def test_every_song_meets_its_closest(monkeypatch_block, genres, matches, data):
    artists = np.array(data.draw(st.lists(st.integers(0, 4), min_size=len(genres), max_size=len(genres))))
    for apart in ([], [artists]):
        found = nearest_songs(genres, matches, apart)
        assert found.tolist() == by_hand(genres, matches, apart).tolist()


@pytest.fixture(scope="module")
def monkeypatch_block():
    """Blocks of four, so that a few songs need several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.data.genres.BLOCK", 4)
        yield


def test_no_songs_have_no_neighbours():
    assert nearest_songs([], 1).shape == (0, 1)


def test_equal_songs_do_not_all_meet_the_same_one():
    partners = nearest_songs([frozenset("a")] * 6, 1)[:, 0]
    assert sorted(partners.tolist()) == list(range(6))


def test_the_first_match_is_the_first_of_the_list_as_in_the_paper():
    """Songs 0, 2 and 3 are equal, and 1 is nearest to them: each meets the first that is not itself."""
    genres = [frozenset(words) for words in ("a", "ab", "a", "a")]
    assert nearest_songs(genres, 1, first_of_list=True)[:, 0].tolist() == [2, 0, 0, 0]
    assert nearest_songs(genres, 1)[:, 0].tolist() == [2, 2, 3, 0]
