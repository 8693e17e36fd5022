"""Run everything of one install on one machine: embedded servers, and the processes that `manage.py run` manages."""
