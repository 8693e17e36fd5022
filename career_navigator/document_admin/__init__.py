"""Django models generated from MongoEngine documents, so that Django's admin works on them.

Reads go through the Django ORM. Writes go through the documents, so that a document's validation and hooks apply and
keys unknown to the model are preserved.
"""
