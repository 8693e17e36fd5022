"""The catalogue and the people of learning's tests, who ask for projects here."""

from learning.tests import conftest as learning

_servers = learning._servers
api, register = learning.api, learning.register
catalogue, newcomer, post_jobs = learning.catalogue, learning.newcomer, learning.post_jobs
