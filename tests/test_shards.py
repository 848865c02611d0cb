"""Parts of a sequence: together they are the whole, once and in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.core.errors import ReproduceError
from reproduce.measure import shards

images_and_parts = st.integers(1, 200).flatmap(
    lambda images: st.tuples(st.just(images), st.integers(1, images))
)


@given(images_and_parts)
def test_all_parts_together_are_every_image_once_and_in_order(drawn):
    images, count = drawn
    assert [index for part in shards.every(count) for index in part.of(images)] == list(
        range(images)
    )


@given(images_and_parts)
def test_no_part_is_empty_and_none_has_two_images_more_than_another(drawn):
    images, count = drawn
    sizes = [len(part.of(images)) for part in shards.every(count)]
    assert min(sizes) >= 1
    assert max(sizes) - min(sizes) <= 1


def test_a_part_is_read_as_it_is_written():
    assert shards.parse("2/8") == shards.Part(2, 8)
    assert str(shards.parse("10/12")) == "10/12"


@pytest.mark.parametrize("text", ["0/2", "3/2", "1/0", "x", "", "2", "1/2/3", "-1/2", "1/2 ", "½"])
def test_what_is_no_part_is_refused_with_the_way_out(text):
    with pytest.raises(ReproduceError, match="write it as NUMBER/COUNT") as caught:
        shards.parse(text)
    assert repr(text) in str(caught.value)


def test_more_parts_than_images_are_refused_with_the_most_that_there_can_be():
    with pytest.raises(ReproduceError, match="part 1/5: 4 images make at most 4 parts"):
        shards.Part(1, 5).of(4)


@pytest.mark.parametrize("count", [0, -1])
def test_less_than_one_part_is_refused(count):
    with pytest.raises(ReproduceError, match=f"number of parts: {count}; choose 1 or more"):
        shards.every(count)
