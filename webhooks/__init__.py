"""Jambonz's hooks: the doors that Jambonz knocks at, and the verbs that it is answered with."""
