"""Files of others that pages serve are the ones that were taken, each with its licence."""

from tools import assets


def test_files_of_others_are_what_the_record_says():
    assert assets.changed() == []


def test_the_record_is_of_the_pinned_packages():
    pinned = {(p.name, p.version, place) for p in assets.PACKAGES for place in p.files.values()}
    assert {(taken.package, taken.version, taken.file) for taken in assets.recorded()} == pinned


def test_each_comes_with_its_licence():
    for package in assets.PACKAGES:
        assert any(place.endswith("licence.txt") for place in package.files.values()), package.name
