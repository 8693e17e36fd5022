"""What the apps build their endpoints from, on Django REST framework."""
