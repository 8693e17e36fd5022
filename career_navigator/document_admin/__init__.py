"""Django models generated from MongoEngine documents, so that Django's admin works on them.

Read through the Django ORM, written through the documents: a document's rules, hooks and unknown keys hold.
"""
