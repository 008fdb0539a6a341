"""The faults that operations of Juju on machines are tried with: the table, and how one of its cells is found out."""
