"""Everything of one install on one machine: the embedded servers, and the processes that `manage.py run` watches."""
