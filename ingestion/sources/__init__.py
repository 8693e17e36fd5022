"""The sources of postings, one package each.

`base` defines what a source provides, and `registry` lists the sources.
"""
