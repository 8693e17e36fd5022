"""Tests of the indexes of the project documents."""

from career_navigator.db.bootstrap import create_indexes


def test_drops_the_text_index_of_older_releases(mongo):
    mongo.project_ideas.create_index([("title", "text"), ("skills", "text")], name="search")

    create_indexes()

    assert mongo.project_ideas.index_information().keys() == {"_id_"}
