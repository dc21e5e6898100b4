"""The walls around a worker and its children: Landlock, seccomp, limits, namespaces, privileges."""
